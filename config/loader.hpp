// config/loader.hpp: from defaults, a YAML file, the environment and the command line to options.
#pragma once

#include "config/options.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Where options come from; later ones win: defaults, file, environment, settings.
struct sources {
  std::string file;                               // of YAML; empty for none
  std::map<std::string, std::string> environment; // all of it: TROUPE_… sets options, ${NAME} refers to any
  std::vector<std::string> settings;              // "http.body_bytes_max=2MiB", of --set
  /// What is wrong with a provider, "field: why", or nothing; knows the adapters, which this library does not.
  std::function<std::string(const std::string& name, const provider_options&)> problem_with_provider;
  std::function<std::string(const std::string& name, const email_provider_options&)> problem_with_email_provider{};
  /// The same of the section itself: "from: why".
  std::function<std::string(const email_options&)> problem_with_email{};
  std::function<std::string(const webhook_options&)> problem_with_webhook{};
};

/// The names in "resend, smtp".
std::vector<std::string> names_in(std::string_view list);

struct problem {
  std::string where; // "troupe.yaml:12", "TROUPE_LOG_LEVEL", "--set"
  std::string text;  // the key first, then what is wrong and what would be right; never a secret

  bool operator==(const problem&) const = default;
};

/// What is wrong with the rules of a policy together, field first; empty when nothing is.
std::string problem_with(const policy_options& x);

std::string to_string(const problem& x); // "troupe.yaml:12: log.level: must be one of …"

struct loaded {
  options values;
  std::map<std::string, std::string> origins; // key → where it was set; keys that are not here have their default
  std::vector<problem> problems;              // not empty: `values` must not be used
  std::vector<problem> warnings;
};

/// Reads everything and finds all problems at once. In the file and in settings, ${NAME} stands for a variable of the
/// environment; a secret may be `file:PATH` (relative to the configuration's folder), and is then the content of that
/// file without its last line feed. A file that configures providers of a family replaces the sandbox's, all of them.
loaded load(const sources& from);

struct check_result {
  bool good = false;
  std::string text; // every problem; or every option with its value and where that comes from. Secrets are ***
};

/// `troupe config check`.
check_result check(const sources& from);

struct changed_option {
  std::string key; // of a provider that came or went: "payment.providers.<name>"
  std::string from;
  std::string to; // secrets as ***
};

struct difference {
  std::vector<changed_option> applied; // can be taken over at once
  std::vector<changed_option> needs_restart;
  options values; // the old ones with `applied` taken over: what to compare with the next time
};

difference diff(const options& old, const options& wanted);

/// The shipped profile, config/troupe.yaml: every key with its default, its meaning above it.
std::string default_profile();

} // namespace troupe::config
