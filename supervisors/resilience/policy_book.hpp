// supervisors/resilience/policy_book.hpp: the configured policies, by name.
#pragma once

#include "config/options.hpp"
#include "supervisors/resilience/policy.hpp"

#include <map>
#include <string>
#include <variant>

namespace troupe::resilience {

class policy_book {
public:
  /// The shipped ones.
  policy_book() : policy_book(config::shipped_policies(), {}) {}

  /// `sources` says of each name where it is configured; what is not in it is shipped.
  policy_book(config::policy_map rules, std::map<std::string, std::string> sources)
    : rules_(std::move(rules)), sources_(std::move(sources)) {}

  bool contains(const std::string& name) const { return rules_.contains(name); }

  /// The policy of that name, which must be there.
  policy find(const std::string& name) const;

  bool operator==(const policy_book&) const = default;

private:
  config::policy_map rules_;
  std::map<std::string, std::string> sources_;
};

/// `x` with some rules changed, by their keys and values in the configuration; or what is wrong with one of them.
std::variant<policy, std::string> changed(const policy& x, const std::map<std::string, std::string>& rules);

/// Every rule as it would stand in the configuration.
std::map<std::string, std::string> rules_of(const policy& x);

} // namespace troupe::resilience
