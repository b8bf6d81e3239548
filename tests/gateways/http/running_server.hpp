// tests/gateways/http/running_server.hpp: a server on io threads of its own, with an actor system beside it.
#pragma once

#include "gateways/http/server.hpp"
#include "tests/gateways/http/raw_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace troupe::test {

/// io_contexts, each run by a thread until destruction.
class io_threads {
public:
  explicit io_threads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      contexts_.emplace_back(1);
      guards_.emplace_back(contexts_.back().get_executor());
      threads_.emplace_back([&context = contexts_.back()] { context.run(); });
    }
  }

  ~io_threads() {
    for (auto& x : contexts_)
      x.stop();
    for (auto& x : threads_)
      x.join();
  }

  gateway::server::contexts all() {
    gateway::server::contexts out;
    for (auto& x : contexts_)
      out.emplace_back(x);
    return out;
  }

private:
  std::list<boost::asio::io_context> contexts_;
  std::list<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
};

class running_server : public ::testing::Test {
protected:
  struct config : caf::actor_system_config {
    config() { set("caf.scheduler.max-threads", 2); }
  };

  gateway::options options() {
    gateway::options out;
    out.limits = limits;
    out.operator_key = "the-operator-key";
    out.now = [] { return time_point{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}}; };
    out.random = [] { return std::uint64_t{7}; };
    out.observe = [this](const gateway::finished& x) {
      std::lock_guard lock{mutex_};
      seen_.push_back({std::string{x.method}, std::string{x.route}, std::string{x.path}, x.status});
      more_.notify_all();
    };
    return out;
  }

  void serve(std::size_t io_thread_count = 1) {
    io.emplace(io_thread_count);
    server.emplace(options(), io->all(), sys, std::move(table));
  }

  void serve_plainly(gateway::plain_handler handle) {
    io.emplace(1);
    server.emplace(options(), io->all(), std::move(handle));
  }

  /// A row whose handler answers at once.
  void add(std::string method, std::string path, std::function<http::response(gateway::incoming&)> answer,
           nlohmann::json schema = nullptr) {
    gateway::route row;
    row.operation_id = method + path;
    row.method = std::move(method);
    row.path = std::move(path);
    row.request_schema = std::move(schema);
    row.handle = [answer = std::move(answer)](gateway::incoming& in) -> boost::asio::awaitable<http::response> {
      co_return answer(in);
    };
    table.add(std::move(row));
  }

  raw_client client() { return raw_client{server->port()}; }

  raw_answer ask(std::string_view bytes) {
    auto x = client();
    return x.ask(bytes);
  }

  struct seen {
    std::string method;
    std::string route;
    std::string path;
    int status = 0;
  };

  /// The `n`th answer that was observed.
  seen observed(std::size_t n) {
    std::unique_lock lock{mutex_};
    if (!more_.wait_for(lock, std::chrono::seconds{10}, [&] { return seen_.size() > n; }))
      throw std::runtime_error("not observed");
    return seen_[n];
  }

  gateway::limits limits;
  gateway::router table;

private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<seen> seen_;
  config cfg_;

protected:
  caf::actor_system sys{cfg_};
  std::optional<io_threads> io;
  std::optional<gateway::server> server;
};

/// Whether `what` holds within ten seconds.
template <class What> bool comes_true(What what) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!what()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

/// The type of a problem, or the body where it is none.
inline std::string problem_type(const raw_answer& x) {
  const auto body = nlohmann::json::parse(x.body, nullptr, false);
  return body.is_object() && body.contains("type") ? body["type"].get<std::string>() : x.body;
}

} // namespace troupe::test
