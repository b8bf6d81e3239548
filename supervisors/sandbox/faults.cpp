#include "supervisors/sandbox/faults.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace troupe::sandbox {

namespace {

using nlohmann::json;

constexpr std::array kinds = {
  fault_kind::none,       fault_kind::rate_limit,        fault_kind::error,       fault_kind::drop_before,
  fault_kind::drop_after, fault_kind::timeout_after,     fault_kind::late_answer, fault_kind::malformed,
  fault_kind::truncate,   fault_kind::duplicate_webhook, fault_kind::late_webhook};
constexpr std::int64_t milliseconds_max = 24 * 3600 * 1000;
constexpr std::size_t rules_max = 100;

// SplitMix64, by its published constants.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// From 0 to less than 1.
double next_fraction(std::uint64_t& state) {
  return static_cast<double>(next_random(state) >> 11) * 0x1p-53;
}

duration scale(duration x, double by) {
  return duration{static_cast<std::int64_t>(std::llround(static_cast<double>(x.count()) * by))};
}

struct draw {
  std::uint64_t& dice;

  duration operator()(const no_delay&) const { return duration{0}; }
  duration operator()(const fixed_delay& x) const { return x.length; }
  duration operator()(const uniform_delay& x) const { return x.from + scale(x.to - x.from, next_fraction(dice)); }
  duration operator()(const exponential_delay& x) const {
    return std::min(scale(x.mean, -std::log1p(-next_fraction(dice))), x.max);
  }
  duration operator()(const percentile_delay& x) const {
    const auto percentile = next_fraction(dice) * 100;
    std::pair<double, duration> before{0, duration{0}};
    for (const auto& point : x.points) {
      if (percentile < point.first)
        return before.second
               + scale(point.second - before.second, (percentile - before.first) / (point.first - before.first));
      before = point;
    }
    return before.second;
  }
};

bool path_matches(std::string_view pattern, std::string_view path) {
  const auto segment = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of('/'), text.size()));
    const auto result = text.substr(0, text.find('/'));
    text.remove_prefix(result.size());
    return result;
  };
  for (;;) {
    const auto wanted = segment(pattern);
    if (wanted.empty())
      return true;
    const auto found = segment(path);
    if (found.empty() || (wanted != "*" && wanted != found))
      return false;
  }
}

// Reads one object and remembers what is wrong with it.
class reader {
public:
  reader(const json& object, std::string pointer, std::vector<plan_error>& errors)
    : object_(object), pointer_(std::move(pointer)), errors_(errors) {}

  const json* find(const char* name) {
    known_.emplace_back(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  void wrong(std::string_view name, std::string detail) {
    errors_.push_back({pointer_ + (name.empty() ? "" : "/") + std::string{name}, std::move(detail)});
  }

  template <class Number> void whole(const char* name, Number& out, std::int64_t min, std::int64_t max) {
    const auto* found = find(name);
    if (!found)
      return;
    if (!found->is_number_integer() || (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX)
        || found->get<std::int64_t>() < min || found->get<std::int64_t>() > max)
      return wrong(name, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    out = static_cast<Number>(found->get<std::int64_t>());
  }

  void milliseconds(const char* name, duration& out, std::int64_t min = 0) {
    auto count = out.count();
    whole(name, count, min, milliseconds_max);
    out = duration{count};
  }

  void text(const char* name, std::string& out) {
    const auto* found = find(name);
    if (!found)
      return;
    if (!found->is_string() || found->get_ref<const std::string&>().empty())
      return wrong(name, "must be a text that is not empty");
    out = found->get<std::string>();
  }

  void refuse_others(std::initializer_list<std::string_view> passed_over = {}) {
    for (const auto& [name, value] : object_.items())
      if (std::ranges::find(known_, name) == known_.end()
          && std::ranges::find(passed_over, std::string_view{name}) == passed_over.end()) {
        std::string detail = "is not known; known are ";
        for (std::size_t i = 0; i < known_.size(); ++i)
          detail += (i == 0 ? "" : ", ") + known_[i];
        wrong(name, std::move(detail));
      }
  }

private:
  const json& object_;
  std::string pointer_;
  std::vector<plan_error>& errors_;
  std::vector<std::string> known_;
};

std::optional<duration> as_milliseconds(const json& x) {
  if (!x.is_number_integer() || x.get<std::int64_t>() < 0 || x.get<std::int64_t>() > milliseconds_max)
    return std::nullopt;
  return duration{x.get<std::int64_t>()};
}

std::optional<latency> as_delay(const json& x) {
  if (const auto length = as_milliseconds(x))
    return fixed_delay{*length};
  if (!x.is_object())
    return std::nullopt;
  if (x.size() == 1 && x.contains("uniform")) {
    const auto& range = x["uniform"];
    if (!range.is_array() || range.size() != 2)
      return std::nullopt;
    const auto from = as_milliseconds(range[0]);
    const auto to = as_milliseconds(range[1]);
    if (!from || !to || *to < *from)
      return std::nullopt;
    return uniform_delay{*from, *to};
  }
  if (x.contains("exponential") && x.size() == 1 + x.count("max")) {
    const auto mean = as_milliseconds(x["exponential"]);
    const auto max = x.contains("max") ? as_milliseconds(x["max"]) : duration{milliseconds_max};
    if (!mean || !max)
      return std::nullopt;
    return exponential_delay{*mean, *max};
  }
  if (x.size() == 1 && x.contains("percentiles") && x["percentiles"].is_object() && !x["percentiles"].empty()) {
    percentile_delay result;
    for (const auto& [name, value] : x["percentiles"].items()) {
      const auto length = as_milliseconds(value);
      char* end = nullptr;
      const double percentile = std::strtod(name.c_str(), &end);
      if (!length || name.empty() || *end != '\0' || !(percentile > 0 && percentile <= 100))
        return std::nullopt;
      result.points.emplace_back(percentile, *length);
    }
    std::ranges::sort(result.points);
    for (std::size_t i = 1; i < result.points.size(); ++i)
      if (result.points[i].first == result.points[i - 1].first || result.points[i].second < result.points[i - 1].second)
        return std::nullopt;
    return result;
  }
  return std::nullopt;
}

json delay_to_json(const latency& x) {
  struct writer {
    json operator()(const no_delay&) const { return 0; }
    json operator()(const fixed_delay& d) const { return d.length.count(); }
    json operator()(const uniform_delay& d) const { return {{"uniform", {d.from.count(), d.to.count()}}}; }
    json operator()(const exponential_delay& d) const {
      return {{"exponential", d.mean.count()}, {"max", d.max.count()}};
    }
    json operator()(const percentile_delay& d) const {
      json points = json::object();
      for (const auto& [percentile, length] : d.points)
        points[json(percentile).dump()] = length.count();
      return {{"percentiles", std::move(points)}};
    }
  };
  return std::visit(writer{}, x);
}

fault_rule read_rule(const json& object, const std::string& pointer, std::vector<plan_error>& errors) {
  fault_rule x;
  reader in{object, pointer, errors};
  in.text("name", x.name);
  in.text("method", x.method);
  if (std::ranges::any_of(x.method, [](char c) { return c < 'A' || c > 'Z'; }))
    in.wrong("method", "must be in upper case, such as POST");
  in.text("path", x.path);
  if (!x.path.starts_with('/'))
    in.wrong("path", "must begin with /, such as /stripe/v1/payment_intents");
  if (const auto* found = in.find("probability")) {
    if (found->is_number() && found->get<double>() >= 0 && found->get<double>() <= 1)
      x.probability = found->get<double>();
    else
      in.wrong("probability", "must be a number from 0 to 1");
  }
  std::int64_t times = -1;
  in.whole("times", times, 1, INT64_MAX);
  if (times > 0)
    x.times = static_cast<std::uint64_t>(times);
  duration lasts{0};
  in.milliseconds("for_ms", lasts, 1);
  if (lasts.count() > 0)
    x.lasts = lasts;
  if (const auto* found = in.find("delay_ms")) {
    if (auto length = as_delay(*found))
      x.delay = std::move(*length);
    else
      in.wrong("delay_ms", R"(must be milliseconds, {"uniform": [10, 50]}, {"exponential": 20, "max": 500} or )"
                           R"({"percentiles": {"50": 5, "99": 800}}, with delays that rise)");
  }
  std::string kind;
  in.text("fault", kind);
  const auto found = std::ranges::find(kinds, std::string_view{kind}, [](fault_kind k) { return name_of(k); });
  if (found != kinds.end()) {
    x.kind = *found;
  } else if (!kind.empty()) {
    std::string detail = "must be one of ";
    for (std::size_t i = 0; i < kinds.size(); ++i)
      detail += (i == 0 ? "" : ", ") + std::string{name_of(kinds[i])};
    in.wrong("fault", std::move(detail));
  }
  in.whole("status", x.status, 500, 599);
  int retry_after_s = -1;
  in.whole("retry_after_s", retry_after_s, 0, 86'400);
  if (retry_after_s >= 0)
    x.retry_after_s = retry_after_s;
  in.milliseconds("hold_ms", x.hold);
  in.whole("copies", x.copies, 2, 100);
  in.milliseconds("webhook_delay_ms", x.webhook_delay);
  in.refuse_others({"hits", "active"}); // What to_json shows can be put again.
  if (x.kind == fault_kind::none && std::holds_alternative<no_delay>(x.delay) && !object.contains("fault"))
    in.wrong("", "does nothing: give fault or delay_ms");
  if (x.name.empty())
    x.name = name_of(x.kind);
  return x;
}

} // namespace

std::string_view name_of(fault_kind x) {
  switch (x) {
    case fault_kind::none: return "none";
    case fault_kind::rate_limit: return "rate_limit";
    case fault_kind::error: return "error";
    case fault_kind::drop_before: return "drop_before";
    case fault_kind::drop_after: return "drop_after";
    case fault_kind::timeout_after: return "timeout_after";
    case fault_kind::late_answer: return "late_answer";
    case fault_kind::malformed: return "malformed";
    case fault_kind::truncate: return "truncate";
    case fault_kind::duplicate_webhook: return "duplicate_webhook";
    case fault_kind::late_webhook: return "late_webhook";
  }
  return "invalid";
}

std::variant<fault_plan, std::vector<plan_error>> parse_plan(std::string_view text) {
  std::vector<plan_error> errors;
  fault_plan plan;
  const auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) {
    errors.push_back({"", "must be a JSON object such as {\"rules\": []}"});
    return errors;
  }
  reader in{body, "", errors};
  if (const auto* seed = in.find("seed")) {
    if (seed->is_number_unsigned())
      plan.seed = seed->get<std::uint64_t>();
    else
      in.wrong("seed", "must be a whole number from 0");
  }
  const auto* rules = in.find("rules");
  if (!rules || !rules->is_array() || rules->size() > rules_max) {
    in.wrong("rules", "must be a list of at most " + std::to_string(rules_max) + " rules");
  } else {
    for (std::size_t i = 0; i < rules->size(); ++i) {
      const auto pointer = "/rules/" + std::to_string(i);
      if ((*rules)[i].is_object())
        plan.rules.push_back(read_rule((*rules)[i], pointer, errors));
      else
        errors.push_back({pointer, "must be a JSON object"});
    }
  }
  in.refuse_others();
  if (!errors.empty())
    return errors;
  return plan;
}

void faults::set(fault_plan plan, time_point now) {
  plan_ = std::move(plan);
  since_ = now;
  progress_.assign(plan_.rules.size(), {});
  for (std::size_t i = 0; i < progress_.size(); ++i) {
    std::uint64_t state = plan_.seed + i;
    progress_[i].dice = next_random(state);
  }
}

bool faults::active(std::size_t i, time_point now) const {
  const auto& rule = plan_.rules[i];
  return (!rule.times || progress_[i].hits < *rule.times) && (!rule.lasts || now - since_ < *rule.lasts);
}

injection faults::next(std::string_view method, std::string_view path, time_point now) {
  injection result;
  for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
    const auto& rule = plan_.rules[i];
    auto& [dice, hits] = progress_[i];
    if ((!rule.method.empty() && rule.method != method) || !active(i, now) || !path_matches(rule.path, path))
      continue;
    // A rule that comes after the one that decides keeps its chance for the next request.
    if (rule.kind != fault_kind::none && result.rule)
      continue;
    if (next_fraction(dice) >= rule.probability)
      continue;
    ++hits;
    result.wait += std::visit(draw{dice}, rule.delay);
    if (rule.kind != fault_kind::none)
      result.rule = &rule;
  }
  return result;
}

std::string faults::to_json(time_point now) const {
  json rules = json::array();
  for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
    const auto& x = plan_.rules[i];
    json rule = {{"name", x.name},
                 {"path", x.path},
                 {"probability", x.probability},
                 {"fault", name_of(x.kind)},
                 {"hits", progress_[i].hits},
                 {"active", active(i, now)}};
    if (!x.method.empty())
      rule["method"] = x.method;
    if (x.times)
      rule["times"] = *x.times;
    if (x.lasts)
      rule["for_ms"] = x.lasts->count();
    if (!std::holds_alternative<no_delay>(x.delay))
      rule["delay_ms"] = delay_to_json(x.delay);
    if (x.kind == fault_kind::error)
      rule["status"] = x.status;
    if (x.retry_after_s)
      rule["retry_after_s"] = *x.retry_after_s;
    if (x.kind == fault_kind::timeout_after || x.kind == fault_kind::late_answer)
      rule["hold_ms"] = x.hold.count();
    if (x.kind == fault_kind::duplicate_webhook)
      rule["copies"] = x.copies;
    if (x.kind == fault_kind::late_webhook)
      rule["webhook_delay_ms"] = x.webhook_delay.count();
    rules.push_back(std::move(rule));
  }
  return json{{"seed", plan_.seed}, {"rules", std::move(rules)}}.dump();
}

} // namespace troupe::sandbox
