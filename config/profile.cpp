#include "config/loader.hpp"
#include "config/table.hpp"

namespace troupe::config {

namespace {

constexpr std::string_view head =
  R"(# troupe as it is shipped: every option with its default, and what it means above it.
#
# Later ones win: these defaults, this file, variables of the environment (TROUPE_LOG_LEVEL for log.level), --set
# log.level=debug. `troupe config check` prints what holds and where it comes from.
# Times: 300ms, 90s, 15m, 24h, 7d. Sizes: 512B, 16KiB, 1MiB. ${NAME} stands for a variable of the environment; a secret
# can also be file:PATH, relative to this file's folder.
# Options marked (at once) are taken over when the process gets SIGHUP; the others need a restart.
)";

constexpr std::size_t width = 120;

void indent(std::string& out, std::size_t depth) {
  out.append(2 * depth, ' ');
}

/// A comment, broken into lines.
void write_comment(std::string& out, std::string_view text, std::size_t depth) {
  while (!text.empty()) {
    const auto room = width - 2 * depth - 2;
    auto end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
    }
    indent(out, depth);
    out.append("# ").append(text.substr(0, end)).append("\n");
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

/// Quoted only where YAML would read something else than the text.
std::string scalar(const std::string& text) {
  const auto plain = !text.empty() && text.find_first_of("#:{}[],&*!|>'\"%@`\\") == std::string::npos;
  if (plain || (text.starts_with("http://") && text.find_first_of("#{}\"\\ ") == std::string::npos))
    return text;
  return '"' + text + '"';
}

/// Secrets too: those of the shipped profile are the sandbox's, and known to everybody.
std::string shown(const field& x) {
  const auto* const* hidden = std::get_if<secret*>(&x);
  return scalar(hidden ? (*hidden)->reveal() : to_text(x));
}

class writer {
public:
  /// A key in full; its sections are opened as they come.
  void write(std::string_view key, const field& value, std::string_view meaning, change takes_effect) {
    std::size_t depth = 0;
    for (auto dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.', dot + 1), ++depth)
      open(key.substr(0, dot), depth);
    if (!meaning.empty())
      write_comment(out_, std::string{meaning} + (takes_effect == change::at_once ? " (at once)" : ""), depth);
    indent(out_, depth);
    out_.append(key.substr(key.rfind('.') + 1)).append(": ").append(shown(value)).append("\n");
  }

  std::string take() { return std::move(out_); }

private:
  void open(std::string_view section, std::size_t depth) {
    if (open_.size() > depth && open_[depth] == section)
      return;
    open_.resize(depth);
    open_.emplace_back(section);
    if (depth == 0)
      out_ += '\n';
    if (section == providers_key || section == email_providers_key)
      write_comment(out_,
                    std::string{section == providers_key ? "By the name that orders use."
                                                         : "By the name that mails and `order` use."}
                      + " Once a file has this section, only the providers in it exist. These are the sandbox's.",
                    depth);
    if (section == policies_key)
      write_comment(
        out_,
        "How calls to a service are shielded, by the name that services use. A policy of one of these names "
        "changes only the rules that it names; one of another name begins like the first.",
        depth);
    indent(out_, depth);
    out_.append(section.substr(section.rfind('.') + 1)).append(":\n");
  }

  std::string out_{head};
  std::vector<std::string> open_;
};

/// The first in full, with what its rules mean; of the others what they have otherwise.
void write_policies(writer& out, options& defaults) {
  const auto write = [&out](const std::string& name, policy_options& x, bool in_full) {
    policy_options first;
    for (const auto& r : policy_rows())
      if (in_full || to_text(r.of(x)) != to_text(r.of(first)))
        out.write(std::string{policies_key} + "." + name + "." + std::string{r.key}, r.of(x),
                  in_full ? r.meaning : std::string_view{}, in_full ? r.takes_effect : change::at_restart);
  };
  write("default", defaults.policies.at("default"), true);
  for (auto& [name, policy] : defaults.policies)
    if (name != "default")
      write(name, policy, false);
}

} // namespace

std::string default_profile() {
  options defaults;
  writer out;
  const auto all = options_of(defaults);
  const auto write = [&out](const option& x, std::string_view meaning) {
    out.write(x.key, x.value, meaning, x.takes_effect);
  };
  const auto write_family = [&](std::string_view family) {
    std::string explained; // the first provider explains what its options mean
    for (const auto& x : all) {
      if (family_of(x.key) != family)
        continue;
      const auto provider = x.key.substr(0, x.key.find('.', family.size() + 1));
      if (explained.empty())
        explained = provider;
      write(x, provider == explained ? x.meaning : "");
    }
  };
  const auto section_of = [](std::string_view key) { return key.substr(0, key.find('.')); };
  for (std::size_t i = 0; i < all.size() && family_of(all[i].key).empty(); ++i) {
    write(all[i], all[i].meaning);
    const auto section = section_of(all[i].key);
    const bool last = i + 1 == all.size() || section_of(all[i + 1].key) != section;
    for (const auto family : {providers_key, email_providers_key})
      if (last && section == section_of(family)) {
        write_family(family);
        if (family == providers_key)
          write_policies(out, defaults);
      }
  }
  return out.take();
}

} // namespace troupe::config
