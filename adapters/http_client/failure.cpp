#include "adapters/http_client/failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::http {

namespace {

constexpr duration wait_max = std::chrono::hours{24};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

std::optional<unsigned> month(std::string_view text) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto at = std::find(names.begin(), names.end(), text);
  if (at == names.end())
    return std::nullopt;
  return static_cast<unsigned>(at - names.begin()) + 1;
}

std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':')
    return std::nullopt;
  const auto hours = number(text.substr(0, 2));
  const auto minutes = number(text.substr(3, 2));
  const auto seconds = number(text.substr(6, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60)
    return std::nullopt;
  return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} + std::chrono::seconds{*seconds};
}

/// A year of two digits is the one in the fifty years before `now` or the fifty after it.
int full_year(int year, std::string_view digits, time_point now) {
  if (digits.size() != 2)
    return year;
  const int current = static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(now)}.year());
  int result = current / 100 * 100 + year;
  if (result > current + 50)
    result -= 100;
  return result;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
std::optional<time_point> parse_http_date(std::string_view text, time_point now) {
  std::array<std::string_view, 6> words;
  std::size_t count = 0;
  constexpr std::string_view breaks = " ,-";
  while (true) {
    const auto begin = text.find_first_not_of(breaks);
    if (begin == std::string_view::npos)
      break;
    if (count == words.size())
      return std::nullopt;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(breaks), text.size());
    words[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  const bool day_first = count == 6 && words[5] == "GMT";
  if (!day_first && count != 5)
    return std::nullopt;
  const auto day = number(day_first ? words[1] : words[2]);
  const auto in = month(day_first ? words[2] : words[1]);
  const auto year_digits = day_first ? words[3] : words[4];
  const auto year = number(year_digits);
  const auto time = time_of_day(day_first ? words[4] : words[3]);
  if (!day || !in || !year || !time)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{full_year(*year, year_digits, now)}, std::chrono::month{*in},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok())
    return std::nullopt;
  return time_point{std::chrono::sys_days{date}} + *time;
}

} // namespace

std::optional<duration> parse_retry_after(std::string_view value, time_point now) {
  if (const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
      !value.empty() && std::all_of(value.begin(), value.end(), is_digit)) {
    const auto seconds = number(value); // nothing when it does not fit: then it is long
    return seconds ? std::min<duration>(std::chrono::seconds{*seconds}, wait_max) : wait_max;
  }
  if (const auto at = parse_http_date(value, now))
    return std::clamp(*at - now, duration{0}, wait_max);
  return std::nullopt;
}

ec code_of_status(int status, effect what) {
  switch (status) {
    case 401:
    case 403: return ec::denied;
    case 408:
    case 425:
    case 503: return ec::unavailable;
    case 409: return ec::conflict;
    case 429: return ec::rate_limited;
    default: break;
  }
  if (status >= 400 && status < 500)
    return ec::refused;
  if (status >= 500 && status < 600)
    return what == effect::write ? ec::interrupted : ec::unavailable;
  return ec::bad_response;
}

caf::error failure(ec code, const headers& fields, time_point now) {
  if (const auto wait = parse_retry_after(find(fields, "Retry-After"), now))
    return caf::make_error(code, static_cast<std::int64_t>(wait->count()));
  return caf::make_error(code);
}

caf::error failure_without_answer(const caf::error& x, effect what) {
  if (x.category() == caf::type_id_v<ec>)
    return x;
  return caf::make_error(what == effect::write ? ec::interrupted : ec::unavailable);
}

} // namespace troupe::http
