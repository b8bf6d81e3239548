#include "adapters/email/renderer.hpp"

#include "adapters/email/built_in.hpp"

#include <ctemplate/template.h>
#include <ctemplate/template_cache.h>
#include <ctemplate/template_dictionary.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>

namespace troupe::email {

namespace {

using nlohmann::json;

constexpr int depth_max = 8;
constexpr std::size_t items_max = 10'000; // of a model in all
constexpr std::string_view escaped_as_html = "{{%AUTOESCAPE context=\"HTML\"}}";
constexpr std::string_view fallback = "default";
constexpr const char* built_in_copy = "built-in/"; // where the built-in default stays when it is replaced

enum part : std::size_t { subject, text, html };
constexpr std::array<std::string_view, 3> suffixes{".subject", ".txt", ".html"};

/// What is filled in while a template is rendered.
class filler {
public:
  /// False when the model is too large.
  bool fill(ctemplate::TemplateDictionary& into, const json& object, int depth) {
    for (const auto& [name, value] : object.items()) {
      if (++items_ > items_max)
        return false;
      if (!set(into, name, value, depth))
        return false;
    }
    return true;
  }

private:
  bool set(ctemplate::TemplateDictionary& into, const std::string& name, const json& value, int depth) {
    if (value.is_object() || value.is_array()) {
      if (depth == 0)
        return false;
      if (value.is_object())
        return fill(*into.AddSectionDictionary(name), value, depth - 1);
      for (const auto& item : value) {
        if (++items_ > items_max)
          return false;
        if (item.is_object() && !fill(*into.AddSectionDictionary(name), item, depth - 1))
          return false;
      }
      return true;
    }
    const auto shown = value.is_string() ? value.get<std::string>() : value.is_null() ? std::string{} : value.dump();
    into.SetValue(name, shown);
    if (value.is_boolean() ? value.get<bool>() : !shown.empty())
      into.ShowSection(name);
    return true;
  }

  std::size_t items_ = 0;
};

/// Ends a template that makes too much.
class bounded : public ctemplate::ExpandEmitter {
public:
  explicit bounded(std::string& out) : out_(out) {}

  void Emit(char c) override { Emit(&c, 1); }
  void Emit(const std::string& s) override { Emit(s.data(), s.size()); }
  void Emit(const char* s) override { Emit(s, std::char_traits<char>::length(s)); }
  void Emit(const char* s, std::size_t size) override {
    if (size > renderer::output_bytes_max - out_.size())
      too_much_ = true;
    else
      out_.append(s, size);
  }

  bool too_much() const { return too_much_; }

private:
  std::string& out_;
  bool too_much_ = false;
};

} // namespace

/// A cache of its own: the library's common one is written by whoever renders first.
class renderer::library {
public:
  /// What is wrong with it; empty when nothing is.
  std::string add(const std::string& key, std::string_view source, std::size_t of) {
    std::string whole{of == html ? escaped_as_html : ""};
    whole += source;
    // An earlier one of that name stays otherwise, and the new one is not looked at.
    cache_.Delete(key);
    return cache_.StringToTemplateCache(key, whole.data(), whole.size(), ctemplate::DO_NOT_STRIP)
             ? ""
             : "a marker or section is not closed, or not as it was opened";
  }

  std::optional<std::string> expand(const std::string& key, const ctemplate::TemplateDictionary& with) const {
    std::string out;
    bounded emitter{out};
    if (!cache_.ExpandNoLoad(key, ctemplate::DO_NOT_STRIP, &with, nullptr, &emitter) || emitter.too_much())
      return std::nullopt;
    return out;
  }

  /// From now on it is only read, which needs no lock.
  void freeze() { cache_.Freeze(); }

  std::map<std::string, bool> templates; // and whether all parts of them are good

private:
  ctemplate::TemplateCache cache_;
};

renderer::renderer(const std::string& folder) : library_(std::make_unique<library>()) {
  std::map<std::string, std::array<std::optional<std::string>, 3>> sources;
  for (const auto& x : built_in_templates()) {
    auto& parts = sources[std::string{x.name}];
    parts = {std::string{x.subject}, std::string{x.text}, std::string{x.html}};
    if (x.name == fallback)
      for (std::size_t i = 0; i < suffixes.size(); ++i)
        library_->add(built_in_copy + std::string{suffixes[i]}, *parts[i], i);
  }
  std::map<std::string, bool> unreadable;
  std::error_code error;
  if (!folder.empty() && !std::filesystem::is_directory(folder, error))
    problems_.push_back(folder + ": is no folder");
  else if (!folder.empty())
    for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
      const auto file = entry.path().filename().string();
      for (std::size_t i = 0; i < suffixes.size(); ++i) {
        if (!file.ends_with(suffixes[i]) || file.size() == suffixes[i].size())
          continue;
        const auto name = file.substr(0, file.size() - suffixes[i].size());
        std::ifstream in{entry.path(), std::ios::binary};
        std::string source(file_bytes_max + 1, '\0');
        in.read(source.data(), static_cast<std::streamsize>(source.size()));
        source.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
        if (in.bad() || (!in.eof() && in.fail()) || source.size() > file_bytes_max) {
          problems_.push_back(file + ": cannot be read, or is larger than 256 KiB");
          unreadable[name] = true;
          source.clear();
        }
        sources[name][i] = std::move(source);
      }
    }
  for (const auto& [name, parts] : sources) {
    bool good = !unreadable.contains(name);
    for (std::size_t i = 0; i < suffixes.size(); ++i) {
      const auto file = name + std::string{suffixes[i]};
      const auto problem = parts[i] ? library_->add(file, *parts[i], i) : "is missing";
      if (problem.empty())
        continue;
      good = false;
      problems_.push_back(file + ": " + problem);
    }
    library_->templates.emplace(name, good);
  }
  library_->freeze();
}

renderer::~renderer() = default;

std::optional<content> renderer::render(const std::string& name, std::string_view model) const {
  const auto found = library_->templates.find(name);
  if (found == library_->templates.end() || (!found->second && name != fallback))
    return std::nullopt;
  const auto values = json::parse(model, nullptr, false);
  ctemplate::TemplateDictionary dictionary{"mail"};
  if (!values.is_object() || !filler{}.fill(dictionary, values, depth_max))
    return std::nullopt;
  const auto& key = found->second ? name : std::string{built_in_copy};
  auto subject_line = library_->expand(key + std::string{suffixes[subject]}, dictionary);
  auto text_part = library_->expand(key + std::string{suffixes[text]}, dictionary);
  auto html_part = library_->expand(key + std::string{suffixes[html]}, dictionary);
  if (!subject_line || !text_part || !html_part)
    return std::nullopt;
  while (subject_line->ends_with('\n') || subject_line->ends_with('\r'))
    subject_line->pop_back();
  return content{std::move(*subject_line), std::move(*text_part), std::move(*html_part)};
}

std::vector<std::string> renderer::names() const {
  std::vector<std::string> out;
  for (const auto& [name, good] : library_->templates)
    out.push_back(name);
  return out;
}

} // namespace troupe::email
