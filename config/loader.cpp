#include "config/loader.hpp"

#include "actors/cluster/membership.hpp"
#include "config/table.hpp"

#include <arpa/inet.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <type_traits>

namespace troupe::config {

namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

// yaml-cpp ends a quoted text that is never closed at the end of the file, and says nothing. Such a text then holds
// this comment, which is put there.
constexpr std::string_view end_mark = "# end of the configuration";

/// The content of a file, or why there is none.
struct content {
  std::optional<std::string> text;
  std::string why;
};

/// Empty when it can be read.
std::string why_unreadable(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    return "is a folder";
  return std::ifstream{file} ? "" : std::strerror(errno);
}

content read_file(const std::filesystem::path& file) {
  if (auto why = why_unreadable(file); !why.empty())
    return {std::nullopt, std::move(why)};
  std::ifstream in{file, std::ios::binary};
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    return {std::nullopt, "cannot be read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > file_bytes_max)
    return {std::nullopt, "is larger than 1MiB"};
  return {std::move(text), ""};
}

bool is_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == 0 || colon == std::string_view::npos)
    return false;
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, wrong] = std::from_chars(text.data() + colon + 1, end, port);
  return wrong == std::errc{} && rest == end && port != 0;
}

bool is_ip_address(const std::string& text) {
  in6_addr parsed{}; // large enough for both
  const auto without_zone = text.substr(0, text.find('%'));
  return ::inet_pton(AF_INET, text.c_str(), &parsed) == 1 || ::inet_pton(AF_INET6, without_zone.c_str(), &parsed) == 1;
}

/// A provider's or policy's name becomes part of keys, variables and URLs.
bool is_own_name(std::string_view x) {
  return !x.empty() && x.size() <= 64
         && x.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
}

std::string joined(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key : prefix + "." + key;
}

class loading {
public:
  explicit loading(const sources& from) : from_(from) {}

  loaded run() {
    if (!from_.file.empty())
      read_yaml();
    read_environment();
    for (const auto& setting : from_.settings)
      read_setting(setting);
    follow_sandbox(providers_key, sandbox_providers(result_.values.sandbox), result_.values.payment.providers);
    follow_sandbox(email_providers_key, sandbox_email_providers(result_.values.sandbox),
                   result_.values.email.providers);
    complete_paths();
    validate();
    return std::move(result_);
  }

private:
  // ---- the file ----------------------------------------------------------------------------------------------------

  void read_yaml() {
    const std::filesystem::path path{from_.file};
    folder_ = path.parent_path();
    auto read = read_file(path);
    if (!read.text)
      return add_problem(from_.file, "the configuration file: " + read.why);
    try {
      const auto documents = YAML::LoadAll(*read.text + "\n" + std::string{end_mark} + "\n");
      if (documents.size() > 1)
        add_problem(from_.file, "holds more than one document; only one is read");
      if (!documents.empty())
        read_section(documents.front(), "");
    } catch (const YAML::Exception& e) {
      add_problem(place(e.mark), "not valid YAML: " + e.msg);
    }
  }

  std::string place(const YAML::Mark& mark) const {
    return mark.is_null() ? from_.file : from_.file + ":" + std::to_string(mark.line + 1);
  }

  /// The keys of a map, each once. `prefix` is the map's own key, empty for the whole file.
  void read_section(const YAML::Node& node, const std::string& prefix) {
    if (node.IsNull())
      return; // Everything in it is commented out.
    const auto what = prefix.empty() ? "the file" : prefix;
    if (!node.IsMap())
      return add_problem(place(node.Mark()), what + ": must be a section of keys, one a line");
    std::set<std::string> seen;
    for (const auto& member : node) {
      const auto at = place(member.first.Mark());
      if (!member.first.IsScalar()) {
        add_problem(at, what + ": keys must be plain words");
        continue;
      }
      const auto key = joined(prefix, member.first.Scalar());
      if (!seen.insert(key).second)
        add_problem(at, key + ": stands twice in its section");
      else
        read_member(member.second, key, at);
    }
  }

  void read_member(const YAML::Node& node, const std::string& key, const std::string& at) {
    if (key == providers_key || key == email_providers_key)
      return read_providers(node, key, at);
    if (key == policies_key)
      return read_policies(node, at);
    for (const auto owner : {providers_key, email_providers_key, policies_key})
      if (const auto name = name_in(owner, key); !name.empty() && !is_own_name(name))
        return; // Told already.
    if (is_section(key))
      return read_section(node, key);
    if (!find(key))
      return unknown(key, at);
    if (node.IsMap() || node.IsSequence())
      return add_problem(at, key + ": must be one value, not a " + (node.IsMap() ? "section" : "list"));
    if (node.IsNull())
      return add_problem(at, key + ": has no value; write \"\" for an empty one");
    if (node.Scalar().find(end_mark) != std::string::npos)
      return add_problem(at, key + ": its quotation mark is never closed");
    if (const auto text = expand(node.Scalar(), key, at))
      set(key, *text, at);
    else
      unusable_.insert(key);
  }

  void read_providers(const YAML::Node& node, const std::string& family, const std::string& at) {
    if (node.IsMap()) {
      // A provider of the user's must not inherit the sandbox's address or keys because it has the same name.
      if (family == providers_key)
        result_.values.payment.providers.clear();
      else
        result_.values.email.providers.clear();
      configured_families_.insert(family);
      for (const auto& member : node)
        if (member.first.IsScalar())
          add_provider(family, member.first.Scalar(), place(member.first.Mark()));
    } else if (!node.IsNull()) {
      return add_problem(at, family + ": must be a section with one section per provider");
    }
    read_section(node, family);
  }

  // A policy in the file changes the rules of the shipped one with its name, or is a new one.
  void read_policies(const YAML::Node& node, const std::string& at) {
    if (node.IsMap()) {
      for (const auto& member : node)
        if (member.first.IsScalar())
          add_policy(member.first.Scalar(), place(member.first.Mark()));
    } else if (!node.IsNull()) {
      return add_problem(at, std::string{policies_key} + ": must be a section with one section per policy");
    }
    read_section(node, std::string{policies_key});
  }

  void add_policy(const std::string& name, const std::string& at) {
    if (!is_own_name(name))
      return add_problem(at, std::string{policies_key} + "." + name
                               + ": a policy's name has at most 64 small letters, digits, - and _");
    result_.values.policies.try_emplace(name);
    result_.origins.try_emplace(joined(std::string{policies_key}, name), at);
  }

  void add_provider(const std::string& family, const std::string& name, const std::string& at) {
    if (!is_own_name(name))
      return add_problem(at, family + "." + name + ": a provider's name has at most 64 small letters, digits, - and _");
    if (family == providers_key)
      result_.values.payment.providers.try_emplace(name);
    else
      result_.values.email.providers.try_emplace(name);
    result_.origins.try_emplace(joined(family, name), at);
  }

  bool has_provider(std::string_view family, const std::string& name) const {
    const auto& x = result_.values;
    return family == providers_key ? x.payment.providers.contains(name) : x.email.providers.contains(name);
  }

  // ---- environment and command line --------------------------------------------------------------------------------

  void read_environment() {
    std::map<std::string, std::string> keys; // by variable
    for (const auto& x : options_of(result_.values))
      if (!keys.emplace(environment_name(x.key), x.key).second)
        add_problem(x.key, "has the same variable as another option: " + environment_name(x.key));
    keys.emplace("TROUPE_STATE", "node.state_directory");
    std::vector<std::string> names;
    for (const auto& [name, key] : keys)
      names.push_back(name);
    for (const auto& [name, value] : from_.environment) {
      if (!name.starts_with("TROUPE_"))
        continue;
      if (const auto found = keys.find(name); found != keys.end())
        set(found->second, value, name);
      // Others use this prefix as well (a service called troupe on Kubernetes), so only a likely mistake is told.
      else if (const auto meant = nearest_close(name, names); !meant.empty())
        result_.warnings.push_back({name, "is no option's variable; did you mean " + meant + "?"});
    }
  }

  static std::string nearest_close(const std::string& name, const std::vector<std::string>& names) {
    const auto meant = nearest(name, names);
    const auto longer = std::max(meant.size(), name.size());
    const auto shorter = std::min(meant.size(), name.size());
    return longer - shorter <= 2 ? meant : "";
  }

  void read_setting(const std::string& setting) {
    const auto split = setting.find('=');
    const auto at = "--set " + setting.substr(0, split);
    if (split == std::string::npos || split == 0)
      return add_problem(at, "must be key=value, such as log.level=debug");
    const auto key = setting.substr(0, split);
    for (const auto family : {providers_key, email_providers_key})
      if (const auto name = name_in(family, key);
          !name.empty() && !has_provider(family, name) && is_provider_field(key, family, name))
        add_provider(std::string{family}, name, at);
    if (const auto name = name_in(policies_key, key);
        !name.empty() && is_field_of(key, joined(std::string{policies_key}, name), policy_rows()))
      add_policy(name, at); // Also one that is there: this is where it says what it says.
    if (!find(key)) {
      if (is_section(key))
        return add_problem(at, key + ": is a section, not an option");
      return unknown(key, at);
    }
    if (const auto text = expand(setting.substr(split + 1), key, at))
      set(key, *text, at);
    else
      unusable_.insert(key);
  }

  /// The name in "payment.providers.<name>.<field>" or "policies.<name>.<field>", or nothing.
  static std::string name_in(std::string_view owner, std::string_view key) {
    if (!key.starts_with(owner) || key.size() <= owner.size() || key[owner.size()] != '.')
      return {};
    key.remove_prefix(owner.size() + 1);
    return std::string{key.substr(0, key.find('.'))};
  }

  template <class Rows> static bool is_field_of(const std::string& key, const std::string& owner, Rows rows) {
    const auto prefix = owner + ".";
    return std::any_of(rows.begin(), rows.end(), [&](const auto& r) { return key == prefix + std::string{r.key}; });
  }

  static bool is_provider_field(const std::string& key, std::string_view family, const std::string& name) {
    const auto owner = joined(std::string{family}, name);
    return family == providers_key ? is_field_of(key, owner, provider_rows())
                                   : is_field_of(key, owner, email_provider_rows());
  }

  // ---- values ------------------------------------------------------------------------------------------------------

  std::optional<option> find(const std::string& key) {
    for (auto& x : options_of(result_.values))
      if (x.key == key)
        return std::move(x);
    return std::nullopt;
  }

  bool is_section(const std::string& key) {
    const auto prefix = key + ".";
    for (const auto& x : options_of(result_.values))
      if (x.key.starts_with(prefix))
        return true;
    return key == providers_key || key == email_providers_key || key == policies_key;
  }

  void unknown(const std::string& key, const std::string& at) {
    std::vector<std::string> known;
    for (const auto& x : options_of(result_.values)) {
      for (auto dot = x.key.find('.'); dot != std::string::npos; dot = x.key.find('.', dot + 1))
        if (auto section = x.key.substr(0, dot); std::find(known.begin(), known.end(), section) == known.end())
          known.push_back(std::move(section));
      known.push_back(x.key);
    }
    const auto meant = nearest(key, known);
    add_problem(at, key + ": there is no such option" + (meant.empty() ? "" : "; did you mean " + meant + "?"));
  }

  /// Puts the environment's variables in the place of ${NAME}.
  std::optional<std::string> expand(std::string_view text, const std::string& key, const std::string& at) {
    std::string out;
    for (;;) {
      const auto begin = text.find("${");
      out += text.substr(0, begin);
      if (begin == std::string::npos)
        return out;
      const auto end = text.find('}', begin);
      if (end == std::string::npos) {
        add_problem(at, key + ": ${ without }");
        return std::nullopt;
      }
      const std::string name{text.substr(begin + 2, end - begin - 2)};
      const auto found = from_.environment.find(name);
      if (found == from_.environment.end()) {
        add_problem(at, key + ": the environment has no variable " + name);
        return std::nullopt;
      }
      out += found->second;
      text.remove_prefix(end + 1);
    }
  }

  void set(const std::string& key, std::string text, const std::string& at) {
    const auto target = find(key);
    if (!target)
      return;
    if (std::holds_alternative<secret*>(target->value) && text.starts_with("file:")) {
      const auto path = folder_ / text.substr(5);
      auto read = read_file(path);
      if (!read.text) {
        unusable_.insert(key);
        return add_problem(at, key + ": " + path.string() + ": " + read.why);
      }
      text = std::move(*read.text);
      if (text.ends_with('\n'))
        text.pop_back();
      if (text.ends_with('\r'))
        text.pop_back();
    }
    if (const auto expected = assign(target->value, text, target->limits)) {
      unusable_.insert(key);
      return add_problem(at, key + ": " + *expected);
    }
    result_.origins[key] = at;
  }

  // ---- the whole ---------------------------------------------------------------------------------------------------

  /// The sandbox's providers are where the sandbox is, unless somebody said otherwise.
  template <class Map> void follow_sandbox(std::string_view family, Map known, Map& providers) {
    if (configured_families_.contains(std::string{family}))
      return;
    for (auto& [name, provider] : known) {
      const auto found = providers.find(name);
      if (found == providers.end())
        continue;
      const auto prefix = joined(std::string{family}, name);
      if (!result_.origins.contains(prefix + ".base_url"))
        found->second.base_url = provider.base_url;
      if constexpr (std::is_same_v<Map, email_provider_map>)
        if (!result_.origins.contains(prefix + ".url"))
          found->second.url = provider.url;
    }
  }

  void complete_paths() {
    auto& directory = result_.values.node.state_directory;
    auto& path = result_.values.store.path;
    expand_home(directory, "node.state_directory");
    expand_home(path, "store.path");
    if (path.empty())
      path = (std::filesystem::path{directory} / "journal.db").string();
  }

  void expand_home(std::string& path, const std::string& key) {
    if (path != "~" && !path.starts_with("~/"))
      return;
    const auto home = from_.environment.find("HOME");
    if (home == from_.environment.end() || home->second.empty())
      return add_problem(origin(key), key + ": ~ has no meaning because HOME is not set; name the folder in full");
    path.replace(0, 1, home->second);
  }

  void validate() {
    const auto& x = result_.values;
    if (x.orders.retry_base > x.orders.retry_max)
      add_problem(origin("orders.retry_base"), "orders.retry_base: must not be more than orders.retry_max");
    for (const auto& [key, address] :
         {std::pair{"commerce.address", &x.commerce.address}, std::pair{"operations.address", &x.operations.address},
          std::pair{"sandbox.address", &x.sandbox.address}})
      if (!is_ip_address(*address) && !unusable_.contains(key))
        add_problem(origin(key), std::string{key}
                                   + ": must be an IP address of this machine, such as 127.0.0.1, ::1 or "
                                     "0.0.0.0 for all; names are not looked up");
    if (!x.client.ca_file.empty())
      if (const auto why = why_unreadable(x.client.ca_file); !why.empty())
        add_problem(origin("client.ca_file"), "client.ca_file: " + x.client.ca_file + ": " + why);
    const std::pair<const char*, listener> listeners[] = {
      {"commerce.port", x.commerce},
      {"operations.port", x.operations},
      {"sandbox.port", {x.sandbox.address, x.sandbox.enabled ? x.sandbox.port : std::uint16_t{0}}},
      {"sandbox.smtp_port", {x.sandbox.address, x.sandbox.enabled ? x.sandbox.smtp_port : std::uint16_t{0}}}};
    for (const auto& a : listeners)
      for (const auto& b : listeners)
        if (&a < &b && a.second.port != 0 && a.second == b.second)
          add_problem(origin(b.first), std::string{b.first} + ": is " + a.first + ", too");
    validate_store();
    validate_cluster();
    validate_providers();
    validate_policies();
    validate_webhook();
  }

  void validate_store() {
    const auto& x = result_.values.store;
    if (x.kind == "postgres" && x.postgres.url.empty())
      add_problem(origin("store.kind"), "store.kind: postgres needs store.postgres.url");
    check_pool("store.postgres.pool", x.postgres.pool);
    check_pool("store.postgres.order_pool", x.postgres.order_pool);
  }

  void check_pool(const std::string& key, const connection_pool_options& x) {
    if (x.max < x.min)
      add_problem(origin(key + ".max"),
                  key + ".max: must be at least " + key + ".min, which is " + std::to_string(x.min));
  }

  void validate_cluster() {
    const auto& x = result_.values.cluster;
    if (!x.enabled)
      return;
    if (result_.values.store.kind != "postgres")
      add_problem(origin("cluster.enabled"), "cluster.enabled: a cluster needs store.kind=postgres");
    for (const auto& [key, file] : {std::pair{"cluster.tls.certificate", &x.certificate},
                                    std::pair{"cluster.tls.key", &x.key}, std::pair{"cluster.tls.ca", &x.ca}})
      if (const auto why = file->empty() ? "a cluster needs it" : why_unreadable(*file); !std::string{why}.empty())
        add_problem(origin(key), std::string{key} + ": " + (file->empty() ? "" : *file + ": ") + why);
    if (!is_ip_address(x.port.address))
      add_problem(origin("cluster.address"),
                  "cluster.address: must be an IP address of this machine, such as 127.0.0.1, "
                  "::1 or 0.0.0.0 for all; names are not looked up");
    if (!cluster::parse_role_set(x.roles))
      add_problem(origin("cluster.roles"), "cluster.roles: must be worker, gateway or both with a comma between");
    if (x.discovery.kind == "store" && x.advertise.empty() && (x.port.address == "0.0.0.0" || x.port.address == "::"))
      add_problem(origin("cluster.advertise"), "cluster.advertise: other nodes cannot reach " + x.port.address
                                                 + ": say where they do, as in 10.0.0.5:9100");
    validate_discovery(x.discovery);
    for (const auto& [key, label] : {std::pair{"cluster.placement.payment", &x.payment_placement},
                                     std::pair{"cluster.placement.email", &x.email_placement}})
      if (label->starts_with('='))
        add_problem(origin(key), std::string{key} + ": must be a label of nodes, as in egress=fixed");
    if (x.renewal * 3 > x.lease)
      add_problem(origin("cluster.renewal"), "cluster.renewal: must be at most a third of cluster.lease");
  }

  void validate_discovery(const discovery_options& x) {
    const std::string key = "cluster.discovery.";
    const auto complain = [&](const std::string& name, const std::string& what) {
      add_problem(origin(key + name), key + name + ": " + what);
    };
    if ((x.kind == "dns" || x.kind == "consul") && x.service.empty())
      complain("service", x.kind + " needs it");
    if (x.kind == "dns" && !x.server.empty() && !is_host_and_port(x.server))
      complain("server", "must be an address with a port, such as 10.0.0.2:53");
    if (x.kind == "consul" && !x.url.starts_with("http://") && !x.url.starts_with("https://"))
      complain("url", "must begin with http:// or https://");
    if (x.kind != "static")
      return;
    const auto nodes = names_in(x.nodes);
    if (nodes.empty())
      complain("nodes", "static needs it");
    for (const auto& node : nodes)
      if (const auto equals = node.find('=');
          equals == 0 || equals == std::string::npos || !is_host_and_port(std::string_view{node}.substr(equals + 1)))
        complain("nodes", node + " is not as in node-1=10.0.0.5:9100");
  }

  void validate_policies() {
    for (const auto& [name, policy] : result_.values.policies)
      if (const auto why = problem_with(policy); !why.empty()) {
        const auto field = joined(joined(std::string{policies_key}, name), why.substr(0, why.find(':')));
        add_problem(origin(field), joined(std::string{policies_key}, name) + "." + why);
      }
    for (const auto& [name, provider] : result_.values.payment.providers)
      if (!result_.values.policies.contains(provider.policy)) {
        const auto field = joined(joined(std::string{providers_key}, name), "policy");
        add_problem(origin(field), field + ": there is no policy \"" + provider.policy + "\"");
      }
    for (const auto& [name, provider] : result_.values.email.providers)
      if (!result_.values.policies.contains(provider.policy)) {
        const auto field = joined(joined(std::string{email_providers_key}, name), "policy");
        add_problem(origin(field), field + ": there is no policy \"" + provider.policy + "\"");
      }
  }

  void validate_webhook() {
    const auto& webhook = result_.values.webhook;
    if (!result_.values.policies.contains(webhook.policy))
      add_problem(origin("operations.webhook.policy"),
                  "operations.webhook.policy: there is no policy \"" + webhook.policy + '"');
    if (unusable_.contains("operations.webhook.url") || unusable_.contains("operations.webhook.secret"))
      return;
    const auto why = from_.problem_with_webhook ? from_.problem_with_webhook(webhook) : "";
    if (!why.empty())
      add_problem(origin("operations.webhook." + why.substr(0, why.find(':'))), "operations.webhook." + why);
  }

  void validate_providers() {
    const auto& payment = result_.values.payment;
    if (!payment.providers.contains(payment.default_provider)) {
      std::string known;
      for (const auto& [name, provider] : payment.providers)
        known += (known.empty() ? "" : ", ") + name;
      add_problem(origin("payment.default"), "payment.default: there is no provider \"" + payment.default_provider
                                               + "\", only " + (known.empty() ? "none" : known));
    }
    validate_each(providers_key, payment.providers, from_.problem_with_provider);
    validate_each(email_providers_key, result_.values.email.providers, from_.problem_with_email_provider);
    validate_email();
  }

  template <class Map, class Problem>
  void validate_each(std::string_view family, const Map& providers, const Problem& problem_with) {
    for (const auto& [name, provider] : providers) {
      const auto prefix = joined(std::string{family}, name);
      if (const auto next = unusable_.lower_bound(prefix + ".");
          next != unusable_.end() && next->starts_with(prefix + "."))
        continue; // What is told of it already may be all that is wrong.
      if (provider.kind.empty()) {
        add_problem(origin(prefix), prefix + ".kind: is needed");
        continue;
      }
      auto why = problem_with ? problem_with(name, provider) : "";
      if (why.empty())
        continue;
      const auto field = prefix + "." + why.substr(0, why.find(':'));
      add_problem(result_.origins.contains(field) ? origin(field) : origin(prefix), prefix + "." + why);
    }
  }

  void validate_email() {
    const auto& email = result_.values.email;
    for (const auto& name : names_in(email.order))
      if (!email.providers.contains(name))
        add_problem(origin("email.order"), "email.order: there is no provider \"" + name + '"');
    const auto why = from_.problem_with_email ? from_.problem_with_email(email) : "";
    if (!why.empty())
      add_problem(origin("email." + why.substr(0, why.find(':'))), "email." + why);
  }

  std::string origin(const std::string& key) const {
    const auto found = result_.origins.find(key);
    return found == result_.origins.end() ? "default" : found->second;
  }

  void add_problem(const std::string& where, std::string text) { result_.problems.push_back({where, std::move(text)}); }

  const sources& from_;
  std::filesystem::path folder_;
  std::set<std::string> configured_families_; // of providers
  std::set<std::string> unusable_;            // keys whose value was refused
  loaded result_;
};

} // namespace

std::string problem_with(const policy_options& x) {
  if (x.deadline < x.timeout)
    return "deadline: must not be less than timeout";
  for (const auto& [name, rate] : {std::pair{"rate", &x.rate}, std::pair{"bulk_rate", &x.bulk_rate}})
    if (rate->limit > 0 && rate->burst > rate->limit)
      return std::string{name} + ".burst: must not be more than " + name + ".limit";
  if (x.retry.base > x.retry.max)
    return "retry.base: must not be more than retry.max";
  return {};
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    const auto begin = part.find_first_not_of(' ');
    if (begin != part.npos)
      names.emplace_back(part.substr(begin, part.find_last_not_of(' ') - begin + 1));
  }
  return names;
}

std::string to_string(const problem& x) {
  return x.where + ": " + x.text;
}

loaded load(const sources& from) {
  return loading{from}.run();
}

check_result check(const sources& from) {
  auto all = load(from);
  std::ostringstream out;
  for (const auto& x : all.problems)
    out << to_string(x) << '\n';
  for (const auto& x : all.warnings)
    out << "warning: " << to_string(x) << '\n';
  if (!all.problems.empty())
    return {false, out.str()};
  for (const auto& x : options_of(all.values)) {
    const auto origin = all.origins.find(x.key);
    out << x.key << " = " << to_text(x.value) << "  # " << (origin == all.origins.end() ? "default" : origin->second)
        << '\n';
  }
  return {true, out.str()};
}

} // namespace troupe::config
