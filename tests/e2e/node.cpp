#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace troupe::test {

namespace {

using nlohmann::json;

/// The address after `label` in a text that was printed for people, up to its port.
std::string address_after(const std::string& text, const std::string& label) {
  const auto at = text.find(label);
  if (at == std::string::npos)
    return {};
  const auto begin = text.find("http://", at);
  if (begin == std::string::npos || text.substr(at, begin - at).find('\n') != std::string::npos)
    return {};
  return text.substr(begin, text.find_first_not_of("0123456789", text.find(':', begin + 7) + 1) - begin);
}

void report_sanitizers(const std::string& printed) {
  for (const auto* mark :
       {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error: ", "WARNING: ThreadSanitizer"})
    if (const auto at = printed.find(mark); at != std::string::npos)
      ADD_FAILURE() << "a sanitizer has found something: " << printed.substr(at, 5'000);
}

void add_settings(std::vector<std::string>& command, const std::vector<std::string>& settings) {
  for (const auto& x : settings) {
    command.emplace_back("--set");
    command.push_back(x);
  }
}

} // namespace

std::uint16_t unused_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0
      || ::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) != 0)
    throw std::runtime_error{"no port"};
  ::close(fd);
  return ntohs(where.sin_port);
}

// ---- sandbox -------------------------------------------------------------------------------------------------------

sandbox::sandbox(const std::filesystem::path& state, std::vector<std::string> settings) {
  std::vector<std::string> command{troupe_binary(), "sandbox"};
  add_settings(command, {"node.state_directory=" + state.string(), "sandbox.port=0", "sandbox.smtp_port=0"});
  add_settings(command, settings);
  process_ = std::make_unique<program>(std::move(command));
  if (!process_->prints("/_sandbox/faults)"))
    throw std::runtime_error{"the sandbox does not start: " + process_->output() + process_->errors()};
  url_ = address_after(process_->output(), "troupe sandbox at");
}

sandbox::~sandbox() {
  report_sanitizers(process_->errors());
}

void sandbox::set_faults(const json& plan) {
  const auto answer = http_client{url_}.call("PUT", "/_sandbox/faults", plan.dump());
  if (answer.status != 200)
    throw std::runtime_error{"the faults are refused: " + answer.failure + answer.body};
}

void sandbox::clear_faults() {
  const auto answer = http_client{url_}.call("DELETE", "/_sandbox/faults");
  if (answer.status != 204)
    throw std::runtime_error{"the faults stay: " + answer.failure + answer.body};
}

std::optional<booked> books_of(const std::string& sandbox_url, const std::string& reference) {
  const auto ledger = http_client{sandbox_url}.get("/_sandbox/ledger?reference=" + reference).json();
  if (!ledger.is_object())
    throw std::runtime_error{"no ledger at " + sandbox_url};
  if (ledger["references"].empty())
    return std::nullopt;
  booked out;
  for (const auto& x : ledger["references"]) {
    out.captured += x["captured"].get<std::int64_t>();
    out.refunded += x["refunded"].get<std::int64_t>();
    out.voided += x["voided"].get<std::int64_t>();
    out.charges_captured += x["chargesCaptured"].get<int>();
  }
  return out;
}

// ---- node ----------------------------------------------------------------------------------------------------------

node::node(std::filesystem::path state, std::vector<std::string> settings, std::vector<std::string> more)
  : state_(std::move(state)), settings_(std::move(settings)), more_(std::move(more)) {}

node::~node() {
  const auto printed = everything_printed();
  report_sanitizers(printed);
  if (::testing::Test::HasFailure())
    std::cerr << "---- what the node printed (the end of it)\n"
              << (printed.size() > 20'000 ? printed.substr(printed.size() - 20'000) : printed) << "----\n";
}

std::vector<std::string> node::command() const {
  std::vector<std::string> out{"serve"};
  out.insert(out.end(), more_.begin(), more_.end());
  add_settings(out, {"node.state_directory=" + state_.string(), "commerce.port=0", "operations.port=0",
                     "sandbox.port=0", "sandbox.smtp_port=0"});
  add_settings(out, settings_);
  return out;
}

void node::start() {
  launch();
  await_up();
}

void node::launch() {
  remember();
  auto command = this->command();
  command.insert(command.begin(), binary_);
  process_ = std::make_unique<program>(std::move(command));
}

void node::await_up() {
  if (!process_->logs("Node started") || !process_->prints("operator key"))
    throw std::runtime_error{"the node does not start: " + process_->output() + process_->errors()};
  const auto welcome = process_->output();
  commerce_ = address_after(welcome, "commerce ");
  operations_ = address_after(welcome, "operations ");
  sandbox_ = address_after(welcome, "sandbox ");
}

void node::remember() {
  if (process_)
    printed_before_ += process_->output() + process_->errors();
  process_.reset();
}

void node::kill() {
  process_->send(SIGKILL);
  if (process_->wait() != ending{-1, SIGKILL})
    throw std::runtime_error{"the node was not killed: it had ended before"};
}

ending node::stop() {
  process_->send(SIGTERM);
  const auto how = process_->wait(std::chrono::seconds{40});
  if (!how)
    throw std::runtime_error{"the node does not end"};
  return *how;
}

std::uint16_t node::commerce_port() const {
  return static_cast<std::uint16_t>(std::stoi(commerce_.substr(commerce_.rfind(':') + 1)));
}

std::string node::operator_key() const {
  std::ifstream in{state_ / "operator.key"};
  std::string key;
  in >> key;
  return key;
}

std::string node::everything_printed() const {
  return printed_before_ + (process_ ? process_->output() + process_->errors() : "");
}

std::map<std::string, std::string> node::environment() const {
  const auto port = [](const std::string& url) { return url.substr(url.rfind(':') + 1); };
  return {{"TROUPE_STATE", state_.string()},
          {"TROUPE_COMMERCE_PORT", port(commerce_)},
          {"TROUPE_OPERATIONS_PORT", port(operations_)},
          {"TROUPE_SANDBOX_PORT", port(sandbox_)}};
}

finished_program node::ctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {troupe_binary(), "ctl"});
  return run(std::move(arguments), environment());
}

// ---- orders --------------------------------------------------------------------------------------------------------

json order_of(const std::string& sku, int quantity, const std::string& method) {
  return {{"customerId", "c-1"},
          {"email", "ada@example.com"},
          {"currency", "EUR"},
          {"items", json::array({{{"sku", sku}, {"quantity", quantity}}})},
          {"payment", {{"method", method}}}};
}

http_answer place(http_client& shop, const json& order, int wait, http_client::fields with) {
  if (wait > 0)
    with.emplace_back("Prefer", "wait=" + std::to_string(wait));
  return shop.post("/api/v2/orders", order, with);
}

json order_at(http_client& shop, const std::string& id) {
  return shop.get("/api/v2/orders/" + id).json();
}

std::string end_of(http_client& shop, const std::string& id, std::chrono::milliseconds at_most) {
  std::string status;
  eventually(at_most, [&] {
    const auto order = order_at(shop, id);
    status = order.is_object() ? order.value("status", "") : "";
    return !status.empty() && status != "processing";
  });
  return status;
}

} // namespace troupe::test
