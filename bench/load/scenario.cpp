#include "bench/load/scenario.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace troupe::load {

namespace {

/// Numbers that look random and depend on nothing but `x` (splitmix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The text of a member that stands once, without escapes, in a flat place of an answer.
std::string_view text_of(std::string_view json, std::string_view member) {
  const auto at = json.find(member);
  if (at == std::string_view::npos)
    return {};
  const auto first = json.find('"', at + member.size());
  if (first == std::string_view::npos)
    return {};
  const auto last = json.find('"', first + 1);
  return last == std::string_view::npos ? std::string_view{} : json.substr(first + 1, last - first - 1);
}

void append_body(std::string& out, std::string_view body) {
  out += "Content-Length: ";
  out += std::to_string(body.size());
  out += "\r\n\r\n";
  out += body;
}

} // namespace

judgement judge_status(const response& answer, std::initializer_list<int> right) {
  if (std::find(right.begin(), right.end(), answer.status) != right.end())
    return {};
  const bool busy = answer.status == 429 || answer.status == 503;
  return {busy ? verdict::busy : verdict::wrong, "answered " + std::to_string(answer.status), {}, {}};
}

// ---- get -----------------------------------------------------------------------------------------------------------

get_scenario::get_scenario(const std::string& host, const std::string& target, int status)
  : request_("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), status_(status) {}

void get_scenario::write(std::uint64_t, std::string& out) {
  out += request_;
}

judgement get_scenario::judge(std::uint64_t, const response& answer) {
  return judge_status(answer, {status_});
}

// ---- orders --------------------------------------------------------------------------------------------------------

order_scenario::order_scenario(const std::string& host, order_options with) : with_(std::move(with)) {
  const std::size_t others = with_.hot_share > 0 ? with_.skus.size() - 1 : with_.skus.size();
  const std::size_t chosen = with_.hot_share > 0 ? with_.lines - 1 : with_.lines;
  if (with_.lines == 0 || with_.skus.empty() || chosen > others || (with_.hot_share < 1 && with_.lines > others))
    throw std::invalid_argument{"an order of " + std::to_string(with_.lines)
                                + " lines needs as many SKUs to choose from"};
  head_ = "POST /api/v2/orders HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n";
  if (with_.wait_seconds > 0)
    head_ += "Prefer: wait=" + std::to_string(with_.wait_seconds) + "\r\n";
  body_start_ = R"({"customerId":"load-)";
  body_end_ = R"(],"payment":{)";
  if (!with_.provider.empty())
    body_end_ += R"("provider":")" + with_.provider + R"(",)";
  body_end_ += R"("method":")" + with_.method + R"("}})";
}

void order_scenario::choose_lines(std::uint64_t i) {
  auto random = mixed(with_.seed * 0x9e3779b97f4a7c15 + i);
  const auto draw = [&random](std::size_t below) {
    random = mixed(random);
    return static_cast<std::size_t>(random % below);
  };
  lines_.clear();
  const bool any_hot = with_.hot_share > 0;
  if (any_hot && static_cast<double>(draw(1'000'000)) < with_.hot_share * 1'000'000)
    lines_.push_back(0);
  while (lines_.size() < with_.lines) {
    const auto sku = any_hot ? 1 + draw(with_.skus.size() - 1) : draw(with_.skus.size());
    if (std::find(lines_.begin(), lines_.end(), sku) == lines_.end())
      lines_.push_back(sku);
  }
}

void order_scenario::write(std::uint64_t i, std::string& out) {
  choose_lines(i);
  const auto number = std::to_string(i);
  body_ = body_start_;
  body_ += number;
  body_ += R"(","email":"load-)";
  body_ += number;
  body_ += R"(@example.com","currency":")";
  body_ += with_.currency;
  body_ += R"(","items":[)";
  for (const auto sku : lines_) {
    body_ += body_.back() == '[' ? R"({"sku":")" : R"(,{"sku":")";
    body_ += with_.skus[sku];
    body_ += R"(","quantity":1})";
  }
  body_ += body_end_;
  out += head_;
  if (!with_.key_prefix.empty())
    out += "Idempotency-Key: \"" + key_of(i) + "\"\r\n";
  append_body(out, body_);
}

std::vector<std::string> order_scenario::skus_of(std::uint64_t i) {
  choose_lines(i);
  std::vector<std::string> result;
  for (const auto sku : lines_)
    result.push_back(with_.skus[sku]);
  return result;
}

std::string order_scenario::key_of(std::uint64_t i) const {
  return with_.key_prefix.empty() ? std::string{} : with_.key_prefix + std::to_string(i);
}

judgement order_scenario::judge(std::uint64_t, const response& answer) {
  const bool waited = with_.wait_seconds > 0;
  auto result = judge_status(answer, {201, 202});
  if (result.verdict != verdict::right)
    return result;
  const auto id = text_of(answer.body, R"("orderId":)");
  if (id.empty())
    return {verdict::wrong, "an answer without orderId", {}, {}};
  ids_.emplace_back(id);
  result.id = id;
  result.state = answer.status == 201 ? text_of(answer.body, R"("status":)") : std::string_view{};
  if (!waited || with_.any_end)
    return result;
  if (answer.status == 202)
    result = {verdict::wrong, "the order had not ended after the wait", result.id, {}};
  else if (result.state != with_.expected)
    result = {verdict::wrong, "the order ended as " + result.state, result.id, result.state};
  return result;
}

std::vector<judgement> order_scenario::judge_all() {
  std::set<std::string_view> seen;
  std::vector<judgement> result;
  for (const auto& id : ids_)
    if (!seen.insert(id).second)
      result.push_back({verdict::wrong, "two answers with the same orderId", {}, {}});
  return result;
}

// ---- setup ---------------------------------------------------------------------------------------------------------

stock_scenario::stock_scenario(std::string host, std::vector<std::string> skus, std::uint64_t units,
                               std::string operator_key, std::string currency)
  : host_(std::move(host)), skus_(std::move(skus)), units_(std::to_string(units)),
    operator_key_(std::move(operator_key)), currency_(std::move(currency)) {}

void stock_scenario::write(std::uint64_t i, std::string& out) {
  const auto& sku = skus_[i / 2];
  const bool product = i % 2 == 0;
  out += product ? "PUT /api/v2/products/" : "PATCH /api/v2/inventory/";
  out += sku + " HTTP/1.1\r\nHost: " + host_ + "\r\nAuthorization: Bearer " + operator_key_
         + "\r\nContent-Type: application/json\r\n";
  append_body(out, product
                     ? R"({"title":"Made by troupe-load","price":{"amount":1000,"currency":")" + currency_ + R"("}})"
                     : R"({"available":)" + units_ + "}");
}

judgement stock_scenario::judge(std::uint64_t, const response& answer) {
  return judge_status(answer, {200, 201});
}

} // namespace troupe::load
