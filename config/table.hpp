// config/table.hpp: one row per option: loader, profile, check and reload all work from it.
#pragma once

#include "config/value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Whether a change is taken over while the node runs.
enum class change : std::uint8_t { at_restart, at_once };

template <class Owner> struct row {
  std::string_view key; // "http.body_bytes_max"; of a provider without the family's key and its name, of a policy
                        // without "policies.<name>."
  field (*of)(Owner&);
  std::string_view meaning; // for people, with the unit where the value does not show it
  config::limits limits{};
  change takes_effect = change::at_restart;
};

/// In the order of the shipped profile; rows of one section stand together.
std::span<const row<options>> option_rows();
std::span<const row<provider_options>> provider_rows();
std::span<const row<policy_options>> policy_rows();
std::span<const row<email_provider_options>> email_provider_rows();

// The sections whose members have names of the user's.
inline constexpr std::string_view providers_key = "payment.providers";
inline constexpr std::string_view policies_key = "policies";
inline constexpr std::string_view email_providers_key = "email.providers";

/// Which of the two `key` stands below; empty for an option of the table.
std::string_view family_of(std::string_view key);

/// An option of given options: one of the table, or one of a provider or policy that they have.
struct option {
  std::string key; // in full
  field value;
  std::string_view meaning;
  config::limits limits;
  change takes_effect;
};

std::vector<option> options_of(options& x);

/// "TROUPE_HTTP_BODY_BYTES_MAX" for "http.body_bytes_max".
std::string environment_name(std::string_view key);

/// The known text that is most like `text`: few letters apart, or the same after the last dot. Empty when none is.
std::string nearest(std::string_view text, std::span<const std::string> known);

} // namespace troupe::config
