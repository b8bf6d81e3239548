// gateways/http/asker.hpp: how a coroutine on an io thread awaits the answer of an actor.
#pragma once

#include "actors/kernel/caf.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>
#include <caf/unit.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// Sends requests to actors for the coroutines of one io_context, and resumes them there with the answers. All of them
/// share one actor as their sender and one timer for their deadlines, so a request costs no actor and no timer of its
/// own. Used, and ended, only on the thread that runs `context`, or while none does.
class asker {
public:
  using steady = std::chrono::steady_clock;

  asker(caf::actor_system& system, boost::asio::io_context& context);
  ~asker();

  asker(const asker&) = delete;
  asker& operator=(const asker&) = delete;

  boost::asio::io_context& context() { return context_; }

  /// How many coroutines wait for an answer.
  std::size_t waiting() const { return live_; }

  /// Resumes every coroutine that waits, with `reason`.
  void fail_all(ec reason);

  /// Sends `question` to `whom` and completes with its answer, with what the system says when `whom` has ended
  /// (`caf::sec::request_receiver_down`), or with `ec::deadline` at `until`; an answer that comes later is dropped.
  /// Sends nothing when `until` has passed. Completes with an `expected<Reply>`, never before it returns.
  template <class Reply, class Token>
  auto request(caf::abstract_actor* whom, caf::message question, steady::time_point until, Token&& token) {
    auto start = [this, whom = caf::strong_actor_ptr{whom ? whom->ctrl() : nullptr}, question = std::move(question),
                  until](auto handler) mutable {
      using wait = awaiting<Reply, decltype(handler)>;
      send(whom, std::move(question), until, std::make_unique<wait>(std::move(handler)));
    };
    return boost::asio::async_initiate<Token, void(caf::expected<Reply>)>(std::move(start), token);
  }

private:
  class mouth; // the actor that sends the requests and hears the answers

  // Type-erased, so that one table serves coroutines that await different things.
  struct waiter {
    virtual ~waiter() = default;
    virtual void resume(caf::message answer) = 0;
  };

  template <class Reply, class Handler> struct awaiting final : waiter {
    explicit awaiting(Handler h) : handler(std::move(h)) {}

    void resume(caf::message answer) override {
      if (answer.match_elements<caf::error>())
        return std::move(handler)(caf::expected<Reply>{std::move(answer.get_mutable_as<caf::error>(0))});
      if constexpr (std::is_void_v<Reply>) {
        if (answer.empty() || answer.match_elements<caf::unit_t>())
          return std::move(handler)(caf::expected<Reply>{});
      } else if (answer.match_elements<Reply>()) {
        return std::move(handler)(caf::expected<Reply>{std::move(answer.get_mutable_as<Reply>(0))});
      }
      std::move(handler)(caf::expected<Reply>{make_error(caf::sec::unexpected_response)});
    }

    Handler handler;
  };

  // An id is the slot in its low bits and how often the slot has been used above: a late answer finds another id.
  struct slot {
    std::uint64_t id = 0;
    std::unique_ptr<waiter> who;
  };

  struct due {
    steady::time_point at;
    std::uint64_t id;
    bool operator<(const due& other) const { return at > other.at; } // the soonest is the top of the heap
  };

  void send(const caf::strong_actor_ptr& whom, caf::message question, steady::time_point until,
            std::unique_ptr<waiter> who);
  void hear(std::uint64_t id, caf::message answer);
  void hand_out();
  std::unique_ptr<waiter> take(std::uint64_t id);
  void arm();
  void expire();

  struct life; // what handlers that are still to run may touch

  boost::asio::io_context& context_;
  std::shared_ptr<life> life_;
  caf::strong_actor_ptr mouth_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t live_ = 0;
  std::vector<due> dues_; // a heap; what was answered leaves it late
  std::vector<std::pair<std::uint64_t, caf::message>> heard_;
  std::vector<std::pair<std::uint64_t, caf::message>> handing_out_;
  bool handing_out_soon_ = false;
};

} // namespace troupe::gateway
