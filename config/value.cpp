#include "config/value.hpp"

#include <charconv>
#include <vector>

namespace troupe::config {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first.
constexpr unit times[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr unit sizes[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}};

constexpr std::uint64_t duration_max = 10'000 * times[0].factor;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  return error == std::errc{} && end == last ? std::optional{value} : std::nullopt;
}

/// Takes a number off the front of `text`, and then the name of a unit, which ends at a digit or at the end.
template <std::size_t N> std::optional<std::uint64_t> take_amount(std::string_view& text, const unit (&units)[N]) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{})
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto name = text.substr(0, text.find_first_of("0123456789"));
  text.remove_prefix(name.size());
  for (const auto& x : units)
    if (x.name == name && !__builtin_mul_overflow(value, x.factor, &value))
      return value;
  return std::nullopt;
}

template <std::size_t N> std::string with_unit(std::uint64_t value, const unit (&units)[N]) {
  for (const auto& x : units)
    if (value % x.factor == 0 && value >= x.factor)
      return std::to_string(value / x.factor) + std::string{x.name};
  return std::to_string(value);
}

std::optional<std::string> check_range(std::uint64_t value, const limits& within, std::string (*show)(std::uint64_t)) {
  if (value < within.least)
    return "must be at least " + show(within.least);
  if (value > within.most)
    return "must be at most " + show(within.most);
  return std::nullopt;
}

std::string show_number(std::uint64_t x) {
  return std::to_string(x);
}

std::string show_duration(std::uint64_t x) {
  return to_text(duration{static_cast<std::int64_t>(x)});
}

std::string show_bytes(std::uint64_t x) {
  return to_text(byte_size{x});
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

struct assign_to {
  std::string_view text;
  const limits& within;

  using result = std::optional<std::string>;

  result operator()(std::string* to) const {
    if (!within.choices.empty()) {
      std::string known;
      for (const auto choice : split(within.choices, '|')) {
        if (choice == text) {
          *to = text;
          return std::nullopt;
        }
        known.append(known.empty() ? "" : ", ").append(choice);
      }
      return "must be one of " + known;
    }
    if (text.size() < within.least)
      return "must not be empty";
    *to = text;
    return std::nullopt;
  }

  result operator()(bool* to) const {
    if (text != "true" && text != "false")
      return "must be true or false";
    *to = text == "true";
    return std::nullopt;
  }

  result operator()(std::uint64_t* to) const { return number(to, within); }

  result operator()(std::uint16_t* to) const {
    auto narrowed = within;
    narrowed.most = std::min<std::uint64_t>(within.most, std::numeric_limits<std::uint16_t>::max());
    return number(to, narrowed);
  }

  result operator()(duration* to) const {
    const auto value = parse_duration(text);
    if (!value)
      return "must be a time with its unit, such as 300ms, 90s, 15m, 24h or 7d";
    if (auto problem = check_range(static_cast<std::uint64_t>(value->count()), within, show_duration))
      return problem;
    *to = *value;
    return std::nullopt;
  }

  result operator()(byte_size* to) const {
    const auto value = parse_bytes(text);
    if (!value)
      return "must be a size, such as 512B, 16KiB or 1MiB";
    if (auto problem = check_range(value->bytes, within, show_bytes))
      return problem;
    *to = *value;
    return std::nullopt;
  }

  result operator()(secret* to) const {
    *to = secret{std::string{text}};
    return std::nullopt;
  }

  template <class Number> result number(Number* to, const limits& range) const {
    const auto value = parse_number(text);
    if (!value)
      return "must be a whole number";
    if (auto problem = check_range(*value, range, show_number))
      return problem;
    *to = static_cast<Number>(*value);
    return std::nullopt;
  }
};

struct show {
  std::string operator()(const std::string* x) const { return *x; }
  std::string operator()(const bool* x) const { return *x ? "true" : "false"; }
  std::string operator()(const std::uint64_t* x) const { return std::to_string(*x); }
  std::string operator()(const std::uint16_t* x) const { return std::to_string(*x); }
  std::string operator()(const duration* x) const { return to_text(*x); }
  std::string operator()(const byte_size* x) const { return to_text(*x); }
  std::string operator()(const secret* x) const { return to_string(*x); }
};

} // namespace

std::optional<duration> parse_duration(std::string_view text) {
  if (text == "0")
    return duration{0};
  if (text.empty())
    return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_amount(text, times);
    if (!part || *part > duration_max || (sum += *part) > duration_max)
      return std::nullopt;
  }
  return duration{static_cast<std::int64_t>(sum)};
}

std::string to_text(duration x) {
  return with_unit(static_cast<std::uint64_t>(x.count()), times);
}

std::optional<byte_size> parse_bytes(std::string_view text) {
  if (const auto plain = parse_number(text))
    return byte_size{*plain};
  const auto amount = take_amount(text, sizes);
  return amount && text.empty() ? std::optional{byte_size{*amount}} : std::nullopt;
}

std::string to_text(byte_size x) {
  return with_unit(x.bytes, sizes);
}

std::optional<std::string> assign(const field& to, std::string_view text, const limits& within) {
  return std::visit(assign_to{text, within}, to);
}

std::string to_text(const field& x) {
  return std::visit(show{}, x);
}

} // namespace troupe::config
