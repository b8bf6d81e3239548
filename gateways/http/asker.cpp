#include "gateways/http/asker.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/actor_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <algorithm>
#include <mutex>

namespace troupe::gateway {

namespace {

constexpr std::uint64_t slot_bits = 24;
constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;
constexpr std::uint64_t id_mask = caf::message_id::request_id_mask;

} // namespace

struct asker::life {
  life(boost::asio::io_context& context, asker* of) : timer(context), owner(of) {}

  boost::asio::steady_timer timer;
  steady::time_point armed = steady::time_point::max();
  asker* owner; // nullptr when it has ended; touched on its thread only
};

class asker::mouth final : public caf::monitorable_actor {
public:
  mouth(caf::actor_config& config, asker& owner) : monitorable_actor(config), owner_(&owner) {}

  const char* name() const override { return "gateway.asker"; }

  void setup_metrics() {} // CAF calls it; this actor has no mailbox to measure

  bool enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    if (!what->mid.is_response()) {
      bounce(what, make_error(caf::sec::unexpected_message));
      return true;
    }
    const auto id = what->mid.request_id().integer_value();
    std::unique_lock lock{mutex_};
    if (!owner_)
      return false;
    if (owner_->context_.get_executor().running_in_this_thread()) {
      lock.unlock(); // it ends on this thread only
      owner_->hear(id, std::move(what->payload));
      return true;
    }
    boost::asio::post(owner_->context_, [life = owner_->life_, id, answer = std::move(what->payload)]() mutable {
      if (life->owner)
        life->owner->hear(id, std::move(answer));
    });
    return true;
  }

  void close() {
    {
      std::lock_guard lock{mutex_};
      owner_ = nullptr;
    }
    cleanup(caf::exit_reason::user_shutdown, nullptr);
  }

private:
  std::mutex mutex_; // held while another thread uses owner_
  asker* owner_;
};

asker::asker(caf::actor_system& system, boost::asio::io_context& context)
  : context_(context), life_(std::make_shared<life>(context, this)) {
  caf::actor_config config;
  mouth_ = caf::make_actor<mouth, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config, *this);
}

asker::~asker() {
  static_cast<mouth*>(caf::actor_cast<caf::abstract_actor*>(mouth_))->close();
  life_->owner = nullptr;
  life_->timer.cancel();
}

void asker::fail_all(ec reason) {
  for (auto& x : slots_)
    if (x.who)
      hear(x.id, caf::make_message(caf::make_error(reason)));
}

void asker::send(const caf::strong_actor_ptr& whom, caf::message question, steady::time_point until,
                 std::unique_ptr<waiter> who) {
  if (free_.empty()) {
    slots_.push_back({slots_.size(), nullptr});
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  auto& mine = slots_[free_.back()];
  free_.pop_back();
  mine.id = (mine.id + slot_mask + 1) & id_mask;
  if (mine.id <= slot_mask) // ids have wrapped around; those below are no requests to CAF
    mine.id += slot_mask + 1;
  mine.who = std::move(who);
  ++live_;
  const auto id = mine.id;
  if (!whom)
    return hear(id, caf::make_message(make_error(caf::sec::request_receiver_down)));
  if (until != steady::time_point::max()) {
    if (until <= steady::now())
      return hear(id, caf::make_message(caf::make_error(ec::deadline)));
    dues_.push_back({until, id});
    std::push_heap(dues_.begin(), dues_.end());
    arm();
  }
  whom->enqueue(caf::make_mailbox_element(mouth_, caf::make_message_id(id), {}, std::move(question)), nullptr);
}

// Resumes nobody at once: an answer may arrive while its question is still being sent, or amid an actor's handler.
void asker::hear(std::uint64_t id, caf::message answer) {
  heard_.emplace_back(id, std::move(answer));
  if (handing_out_soon_)
    return;
  handing_out_soon_ = true;
  boost::asio::post(context_, [life = life_] {
    if (life->owner)
      life->owner->hand_out();
  });
}

void asker::hand_out() {
  handing_out_soon_ = false;
  handing_out_.swap(heard_);
  const auto life = life_; // a coroutine that goes on may end this asker
  for (auto& [id, answer] : handing_out_) {
    if (auto who = take(id))
      who->resume(std::move(answer));
    if (!life->owner)
      return;
  }
  handing_out_.clear();
}

std::unique_ptr<asker::waiter> asker::take(std::uint64_t id) {
  const auto i = id & slot_mask;
  if (i >= slots_.size() || slots_[i].id != id || !slots_[i].who)
    return nullptr;
  --live_;
  free_.push_back(static_cast<std::uint32_t>(i));
  return std::move(slots_[i].who);
}

void asker::arm() {
  // What was answered in time stays until it would be due, or until it is most of the heap.
  if (dues_.size() > 1024 && dues_.size() > 4 * live_) {
    std::erase_if(dues_, [this](const due& x) {
      const auto& at = slots_[x.id & slot_mask];
      return at.id != x.id || !at.who;
    });
    std::make_heap(dues_.begin(), dues_.end());
  }
  if (dues_.empty() || dues_.front().at >= life_->armed)
    return;
  life_->armed = dues_.front().at;
  life_->timer.expires_at(life_->armed);
  life_->timer.async_wait([life = life_](const boost::system::error_code& error) {
    if (error || !life->owner)
      return;
    life->armed = steady::time_point::max();
    life->owner->expire();
  });
}

void asker::expire() {
  const auto now = steady::now();
  while (!dues_.empty() && dues_.front().at <= now) {
    std::pop_heap(dues_.begin(), dues_.end());
    const auto id = dues_.back().id;
    dues_.pop_back();
    const auto& at = slots_[id & slot_mask];
    if (at.id == id && at.who)
      hear(id, caf::make_message(caf::make_error(ec::deadline)));
  }
  arm();
}

} // namespace troupe::gateway
