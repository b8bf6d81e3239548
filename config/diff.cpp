#include "config/loader.hpp"
#include "config/table.hpp"

namespace troupe::config {

namespace {

bool same(const field& a, const field& b) {
  return std::visit(
    [&b](const auto* x) { return *x == *std::get<std::remove_const_t<std::remove_pointer_t<decltype(x)>>*>(b); }, a);
}

void take_over(const field& to, const field& from) {
  std::visit([&from](auto* x) { *x = *std::get<decltype(x)>(from); }, to);
}

/// Gives both the providers that only one of them has: they can be compared option by option then, and are told here.
template <class Map>
void even_out(std::string_view family, const Map& old, const Map& wanted, Map& from, Map& to, difference& result) {
  const auto key = [family](const std::string& name) { return std::string{family} + "." + name; };
  for (const auto& [name, provider] : old)
    if (to.try_emplace(name, provider).second)
      result.needs_restart.push_back({key(name), provider.kind, ""});
  for (const auto& [name, provider] : wanted)
    if (from.try_emplace(name, provider).second)
      result.needs_restart.push_back({key(name), "", provider.kind});
}

std::string name_of_policy(const std::string& name) {
  return std::string{policies_key} + "." + name;
}

} // namespace

difference diff(const options& old, const options& wanted) {
  difference result;
  result.values = old;
  auto to = wanted;
  auto from = old;
  even_out(providers_key, old.payment.providers, wanted.payment.providers, from.payment.providers, to.payment.providers,
           result);
  even_out(email_providers_key, old.email.providers, wanted.email.providers, from.email.providers, to.email.providers,
           result);
  // Policies come and go while the node runs. One that goes was of the file's own: no provider has it any more.
  for (const auto& [name, policy] : wanted.policies)
    if (from.policies.try_emplace(name).second) {
      result.values.policies.try_emplace(name);
      result.applied.push_back({name_of_policy(name), "", "new"});
    }
  for (const auto& [name, policy] : old.policies)
    if (to.policies.try_emplace(name, policy).second) {
      result.values.policies.erase(name);
      result.applied.push_back({name_of_policy(name), "gone", ""});
    }
  auto before = options_of(from);
  auto after = options_of(to);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto& x = after[i];
    if (same(before[i].value, x.value))
      continue;
    const changed_option change{x.key, to_text(before[i].value), to_text(x.value)};
    // What an order may name is known from the start on.
    const bool unknown_provider =
      x.key == "payment.default" && !old.payment.providers.contains(wanted.payment.default_provider);
    if (x.takes_effect == change::at_restart || unknown_provider) {
      result.needs_restart.push_back(change);
      continue;
    }
    result.applied.push_back(change);
    for (auto& kept : options_of(result.values))
      if (kept.key == x.key)
        take_over(kept.value, x.value);
  }
  return result;
}

} // namespace troupe::config
