// tests/e2e/node.hpp: `troupe serve` and `troupe sandbox` as children that say where they listen.
#pragma once

#include "tests/e2e/http_client.hpp"
#include "tests/support/program.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// A port that nobody listened on a moment ago, for the few who must know it before they start.
std::uint16_t unused_port();

/// `troupe sandbox`.
class sandbox {
public:
  /// `settings` as after --set. Throws std::runtime_error, with its output, when it does not start.
  explicit sandbox(const std::filesystem::path& state, std::vector<std::string> settings = {});

  /// Reports what sanitizers found.
  ~sandbox();

  sandbox(const sandbox&) = delete;
  sandbox& operator=(const sandbox&) = delete;

  const std::string& url() const { return url_; }
  program& process() { return *process_; }

  void set_faults(const nlohmann::json& plan); // throws when the plan is refused
  void clear_faults();

private:
  std::unique_ptr<program> process_;
  std::string url_;
};

/// What a sandbox has written down about one order.
struct booked {
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  std::int64_t voided = 0;
  int charges_captured = 0;
};

/// From the ledger at `sandbox_url`; nothing when no provider knows the reference.
std::optional<booked> books_of(const std::string& sandbox_url, const std::string& reference);

/// `troupe serve`, with the system's choice of ports.
class node {
public:
  /// `settings` as after --set; they come last and so win. Nothing runs before start().
  explicit node(std::filesystem::path state, std::vector<std::string> settings = {},
                std::vector<std::string> more = {});

  /// Reports what sanitizers found, and prints the log when the test has failed.
  ~node();

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Starts it and waits until it is up. Throws std::runtime_error, with its output, when it does not come up.
  void start();

  /// The two halves of that.
  void launch();
  void await_up();

  /// The command line without the program's name.
  std::vector<std::string> command() const;

  void kill();   // -9
  ending stop(); // SIGTERM; throws when it goes on

  /// From the next start on, another program than the one under test.
  void run_by(std::string binary) { binary_ = std::move(binary); }

  void set(std::string setting) { settings_.push_back(std::move(setting)); }

  program& process() { return *process_; }
  const std::filesystem::path& state() const { return state_; }
  const std::string& commerce() const { return commerce_; }
  const std::string& operations() const { return operations_; }
  const std::string& sandbox() const { return sandbox_; }
  std::uint16_t commerce_port() const;
  std::string operator_key() const;
  http_client::fields as_operator() const { return {{"Authorization", "Bearer " + operator_key()}}; }

  http_client shop() const { return http_client{commerce_}; }

  /// The output and the logs of all runs.
  std::string everything_printed() const;

  /// `troupe ctl …` against this node.
  finished_program ctl(std::vector<std::string> arguments) const;

  /// What `curl` and `troupe` of a user find this node by.
  std::map<std::string, std::string> environment() const;

private:
  void remember();

  std::filesystem::path state_;
  std::vector<std::string> settings_;
  std::vector<std::string> more_;
  std::string binary_ = troupe_binary();
  std::unique_ptr<program> process_;
  std::string printed_before_; // by earlier runs
  std::string commerce_;
  std::string operations_;
  std::string sandbox_;
};

/// An order of one line, in the wire form.
nlohmann::json order_of(const std::string& sku, int quantity, const std::string& method = "tok_ok");

/// Places and, with `wait` seconds, waits for the end.
http_answer place(http_client& shop, const nlohmann::json& order, int wait = 0, http_client::fields with = {});

/// The order as v2; discarded when it cannot be had.
nlohmann::json order_at(http_client& shop, const std::string& id);

/// Its status once it has ended; what it is when that does not come in time.
std::string end_of(http_client& shop, const std::string& id,
                   std::chrono::milliseconds at_most = std::chrono::seconds{20});

} // namespace troupe::test
