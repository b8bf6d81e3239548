// actors/kernel/money.hpp: amounts in minor units, never a float.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// An ISO 4217 code in upper case, for example EUR.
class currency {
public:
  currency() = default; // no currency: only money of nothing has it

  /// Nothing unless `code` is one of the active codes of ISO 4217.
  static std::optional<currency> parse(std::string_view code);

  std::string_view code() const { return {code_.data(), code_[0] ? std::size_t{3} : std::size_t{0}}; }

  /// Decimals of the minor unit by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD.
  int exponent() const;

  auto operator<=>(const currency&) const = default;

  template <class Inspector> friend bool inspect(Inspector& f, currency& x) {
    auto get = [&x] { return std::string{x.code()}; };
    auto set = [&x](const std::string& code) {
      x = currency::parse(code).value_or(currency{});
      return true;
    };
    return f.apply(get, set);
  }

private:
  std::array<char, 3> code_{};
};

struct money {
  std::int64_t minor = 0; // minor units: cents for EUR
  troupe::currency currency;

  auto operator<=>(const money&) const = default;
};

/// The sum, or nothing when the currencies differ or the sum does not fit.
std::optional<money> add(const money& a, const money& b);

/// `units` times the price, or nothing when the product does not fit.
std::optional<money> multiply(const money& price, std::uint32_t units);

/// The exact decimal form: "12.90" for 1290 EUR, "1290" for 1290 JPY.
std::string to_decimal(const money& x);

template <class Inspector> bool inspect(Inspector& f, money& x) {
  return f.object(x).fields(f.field("minor", x.minor), f.field("currency", x.currency));
}

} // namespace troupe
