// adapters/email/renderer.hpp: from a template and its model to subject, text and HTML.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::email {

struct content {
  std::string subject;
  std::string text;
  std::string html;
};

/// Templates of ctemplate (`{{name}}`, `{{#section}}…{{/section}}`), parsed once. A template is three files:
/// `<name>.subject`, `<name>.txt` and `<name>.html`. In the last, each value is escaped for where it stands.
///
/// A text or number of the model fills its name; a list shows the section of its name once per item; an object, true or
/// a text that is not empty shows the section once.
class renderer {
public:
  static constexpr std::size_t file_bytes_max = 256 << 10;
  static constexpr std::size_t output_bytes_max = 1 << 20; // of each part

  /// Files in `folder` take the place of built-in ones, part by part, and add others; no folder when empty. Never
  /// fails: what is wrong with a file is told by problems(), and its template cannot be rendered.
  explicit renderer(const std::string& folder = {});
  ~renderer();

  renderer(const renderer&) = delete;
  renderer& operator=(const renderer&) = delete;

  /// Nothing for a template that is unknown or broken, and for a model that is no JSON object or makes too much of it.
  /// The default template is rendered as it is built in when its replacement is broken. From any thread.
  std::optional<content> render(const std::string& name, std::string_view model) const;

  /// What is wrong with the files: "order_confirmation.html: …".
  const std::vector<std::string>& problems() const { return problems_; }

  /// The names of all templates, broken ones included, in their order.
  std::vector<std::string> names() const;

private:
  class library;
  std::unique_ptr<library> library_;
  std::vector<std::string> problems_;
};

} // namespace troupe::email
