// An order among parts that fail: any interleaving of answers, lost answers, late requests, repeats and crashes.
#include "actors/order/stored.hpp"
#include "tests/actors/order/samples.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>

namespace troupe::order {
namespace {

using namespace test;

using events = std::vector<event>;

class world {
public:
  explicit world(unsigned seed) : random_(seed) {
    faults_per_hundred_ = random_() % 60;
    declines_ = one_in(6);
    sells_out_ = one_in(8);
    outage_ = one_in(10);
    wanted_ = some_order();
    wanted_.capture_at_once = !one_in(3);
    record(decide(state_, wanted_));
  }

  void run() {
    for (int i = 0; i < 80 && !::testing::Test::HasFatalFailure(); ++i)
      move();
    faults_per_hundred_ = 0;
    outage_ = false;
    crash();
    for (int i = 0; i < 200 && !is_terminal(state_.status) && !::testing::Test::HasFatalFailure(); ++i)
      move_on();
    land_all();
    check_end();
  }

  const state& order() const { return state_; }
  bool was_reopened() const { return reopened_; }

private:
  enum class stock { none, held, sold, ended };
  struct line {
    stock now = stock::none;
    time_point held_until;
  };
  enum class money_state { authorized, declined, captured, voided };
  struct payment {
    money_state now = money_state::authorized;
    money captured{};
    money refunded{};
  };
  struct late_request {
    time_point until; // no request stays on the wire for ever
    std::function<void()> act;
  };

  bool one_in(unsigned n) { return random_() % n == 0; }

  // ---- what may happen next ----------------------------------------------------------------------------------------

  void move() {
    switch (random_() % 17) {
      case 0: pass(duration{static_cast<std::int64_t>(random_() % 2'000)}); break;
      case 1: pass(duration{static_cast<std::int64_t>(random_() % 60'000)}); break;
      case 2:
        if (one_in(6))
          pass(one_in(12) ? duration{25h} : duration{20min});
        break;
      case 3:
        if (one_in(4))
          record(decide(state_, cancel{some_id, "changed my mind"}));
        break;
      case 4: record(decide(state_, capture{some_id})); break;
      case 5:
        if (!late_.empty())
          land(random_() % late_.size());
        break;
      case 6:
        if (!said_.empty())
          record(said_[random_() % said_.size()]()); // An answer comes a second time.
        break;
      case 7:
        if (one_in(4))
          crash();
        break;
      case 8: record(decide(state_, wanted_)); break;
      case 9:
        if (one_in(2))
          record(decide(state_, reopen{some_id, std::to_string(random_() % 3)}));
        break;
      default: begin_or_answer(); break;
    }
  }

  /// The world without faults: everything that waits gets its time.
  void move_on() {
    begin_or_answer();
    if (!in_flight_.empty())
      return;
    if (const auto at = wake_up(state_, standard); at && *at > now_)
      pass(*at - now_);
  }

  void begin_or_answer() {
    const auto current = step_in_progress(state_);
    const auto effects = outstanding(some_id, state_, now_, standard);
    if (!effects.empty() && !in_flight_.contains(*current)) {
      in_flight_[*current] = begin(effects);
      return;
    }
    if (in_flight_.empty())
      return;
    auto chosen = std::next(in_flight_.begin(), static_cast<long>(random_() % in_flight_.size()));
    const auto answer = chosen->second;
    in_flight_.erase(chosen);
    record(answer());
    said_.push_back(answer);
  }

  void pass(duration x) {
    now_ += x;
    for (std::size_t i = 0; i < late_.size();)
      late_[i].until <= now_ ? land(i) : void(++i);
    for (auto& x : lines_)
      if (x.now == stock::held && x.held_until <= now_)
        x.now = stock::ended;
    if (in_flight_.empty())
      record(decide(state_, time_passed{seen_all_}, now_, standard));
  }

  /// What is stored stays, what was in memory is gone, and what is on the wire arrives all the same.
  void crash() {
    in_flight_.clear();
    seen_all_ = false;
    const auto recovered = decode_snapshot(encode_snapshot(state_), snapshot_schema);
    ASSERT_TRUE(recovered);
    state_ = *recovered;
  }

  void land(std::size_t which) {
    auto request = late_[which];
    late_.erase(late_.begin() + static_cast<long>(which));
    request.act();
  }

  void land_all() {
    while (!late_.empty())
      land(0);
  }

  // ---- requests and what becomes of them ---------------------------------------------------------------------------

  /// Nothing when the request acted and was answered.
  std::optional<ec> send(const std::function<void()>& act) {
    if (outage_)
      return ec::unavailable;
    if (random_() % 100 < faults_per_hundred_) {
      switch (random_() % 4) {
        case 0: return one_in(2) ? ec::unavailable : ec::rate_limited;
        case 1: act(); return one_in(2) ? ec::timed_out : ec::bad_response;
        case 2: delay(act); return ec::interrupted;
        default:
          act();
          delay(act);
          return std::nullopt;
      }
    }
    act();
    return std::nullopt;
  }

  /// A provider's search may know nothing yet of what has happened.
  bool search_lags() { return faults_per_hundred_ > 0 && one_in(4); }

  void delay(const std::function<void()>& act) { late_.push_back({now_ + 10min, act}); }

  using answer_fn = std::function<decision()>;

  template <class Result> answer_fn says(Result x) {
    return [this, x] { return decide(state_, x); };
  }

  answer_fn failed(step which, ec code) {
    const double jitter = static_cast<double>(random_() % 100) / 100;
    std::optional<duration> wait;
    if (code == ec::rate_limited)
      wait = duration{static_cast<std::int64_t>(random_() % 5'000)};
    return [=, this] { return decide(state_, step_failed{which, code, wait, jitter}, now_, standard); };
  }

  answer_fn begin(const std::vector<effect_t>& effects) {
    return std::visit([&](const auto& first) { return carry_out(first, effects.size()); }, effects.front());
  }

  /// One request per line; the worst answer is the step's.
  template <class Act> std::optional<ec> for_lines(std::size_t count, Act act) {
    std::optional<ec> worst;
    for (std::size_t i = 0; i < count; ++i)
      if (const auto code = send([this, act, i] { act(lines_[i]); }))
        worst = code;
    return worst;
  }

  answer_fn carry_out(const effect::price_and_reserve&, std::size_t count) {
    EXPECT_EQ(count, lines_.size());
    if (sells_out_)
      return says(line_refused{1, "out_of_stock"});
    const auto until = now_ + standard.hold_time;
    if (const auto code = for_lines(count, [until](line& x) {
          if (x.now == stock::none)
            x = {stock::held, until};
        }))
      return failed(step::reserve, *code);
    for (std::size_t i = 0; i < count; ++i)
      if (lines_[i].now != stock::held)
        return says(line_refused{i, "out_of_stock"});
    return says(stock_ready{prices, std::min(lines_[0].held_until, lines_[1].held_until)});
  }

  answer_fn carry_out(const effect::authorize& x, std::size_t) {
    authorize_keys_.insert(x.key);
    if (x.look_first) {
      if (const auto code = send([] {}))
        return failed(step::authorize, *code);
      if (!payments_.empty() && !search_lags())
        return payment_found();
      if (now_ >= x.key_dies_at)
        return says(step_impossible{step::authorize, "key_too_old"});
    }
    EXPECT_LT(now_, x.key_dies_at);
    check_age_of(x.key);
    const auto code = send([this, key = x.key] {
      payments_.try_emplace(key, payment{declines_ ? money_state::declined : money_state::authorized});
    });
    return code ? failed(step::authorize, *code) : payment_found();
  }

  answer_fn payment_found() {
    EXPECT_EQ(payments_.size(), 1u);
    const auto& [key, found] = *payments_.begin();
    return says(payment_answered{.id = "pay:" + key,
                                 .authorized = found.now != money_state::declined,
                                 .captured = found.now == money_state::captured,
                                 .reason = found.now == money_state::declined ? "no" : ""});
  }

  answer_fn carry_out(const effect::allocate&, std::size_t count) {
    EXPECT_EQ(count, lines_.size());
    if (const auto code = for_lines(count, [](line& x) {
          if (x.now == stock::held)
            x.now = stock::sold;
        }))
      return failed(step::allocate, *code);
    for (std::size_t i = 0; i < count; ++i)
      if (lines_[i].now != stock::sold)
        return says(hold_lost{i});
    return says(stock_taken{});
  }

  payment& the_payment() {
    EXPECT_EQ(payments_.size(), 1u);
    EXPECT_EQ(state_.payment.value, "pay:" + payments_.begin()->first);
    return payments_.begin()->second;
  }

  answer_fn carry_out(const effect::capture& x, std::size_t) {
    capture_keys_.insert(x.key);
    auto& paid = the_payment();
    if (x.look_first && paid.now == money_state::captured && !search_lags())
      return says(money_taken{});
    if (now_ >= x.key_dies_at)
      return says(step_impossible{step::capture, "key_too_old"});
    check_age_of(x.key);
    if (const auto code = send([this, &paid] {
          contradiction_ |= paid.now == money_state::voided;
          paid.now = money_state::captured;
          paid.captured = total;
        }))
      return failed(step::capture, *code);
    return says(money_taken{});
  }

  answer_fn carry_out(const effect::void_payment&, std::size_t) {
    auto& paid = the_payment();
    if (const auto code = send([this, &paid] {
          contradiction_ |= paid.now == money_state::captured;
          paid.now = money_state::voided;
        }))
      return failed(step::void_payment, *code);
    return says(money_released{});
  }

  answer_fn carry_out(const effect::refund& x, std::size_t) {
    auto& paid = the_payment();
    EXPECT_EQ(x.amount, total);
    if (now_ >= x.key_dies_at)
      return says(step_impossible{step::refund, "key_too_old"});
    check_age_of(x.key);
    if (const auto code = send([this, &paid, x] {
          if (!refund_keys_.insert(x.key).second)
            return;
          paid.refunded = money{paid.refunded.minor + x.amount.minor, x.amount.currency};
        }))
      return failed(step::refund, *code);
    return says(money_returned{"refund:" + x.key});
  }

  answer_fn carry_out(const effect::release&, std::size_t count) {
    if (const auto code = for_lines(count, [this](line& x) {
          contradiction_ |= x.now == stock::sold;
          x.now = stock::ended;
        }))
      return failed(step::return_stock, *code);
    return says(stock_returned{});
  }

  answer_fn carry_out(const effect::take_back&, std::size_t count) {
    if (const auto code = for_lines(count, [](line& x) { x.now = stock::ended; }))
      return failed(step::return_stock, *code);
    return says(stock_returned{});
  }

  /// The provider knows a key for so long after it has first seen it, and would do the same again after that.
  void check_age_of(const std::string& key) {
    const auto first = keys_since_.emplace(key, now_).first->second;
    EXPECT_LT(now_, first + standard.key_lifetime) << key;
  }

  // ---- what must hold ----------------------------------------------------------------------------------------------

  void record(const decision& said) {
    const auto outcome = one_in(3) ? after_retries(said, some_retry(now_)) : said;
    const auto* decided = std::get_if<events>(&outcome);
    if (!decided)
      return;
    for (const auto& e : *decided) {
      reopened_ |= std::holds_alternative<reopened>(e);
      state_.apply(e, now_);
    }
    check();
  }

  void check() {
    ASSERT_FALSE(contradiction_) << "money voided and captured, or stock sold and released";
    ASSERT_LE(authorize_keys_.size(), 1u);
    ASSERT_LE(capture_keys_.size(), 1u);
    ASSERT_LE(refund_keys_.size(), 1u);
    ASSERT_LE(payments_.size(), 1u);
    if (state_.status == status::confirmed)
      check_confirmed();
    else if (is_terminal(state_.status) && state_.status != status::review)
      check_undone();
  }

  void check_confirmed() {
    ASSERT_EQ(payments_.begin()->second.captured, total);
    ASSERT_EQ(payments_.begin()->second.refunded, money{});
    for (const auto& x : lines_)
      ASSERT_EQ(x.now, stock::sold);
  }

  void check_undone() {
    for (const auto& [key, x] : payments_) {
      ASSERT_NE(x.now, money_state::authorized) << "set aside for ever";
      ASSERT_EQ(x.captured, x.refunded);
    }
    for (const auto& x : lines_)
      ASSERT_EQ(x.now, stock::ended);
  }

  void check_end() {
    ASSERT_TRUE(is_terminal(state_.status)) << message_of(state_) << ' ' << state_.timeline.back().what;
    ASSERT_FALSE(wake_up(state_, standard));
    ASSERT_TRUE(outstanding(some_id, state_, now_, standard).empty());
    check();
  }

  std::mt19937 random_;
  unsigned faults_per_hundred_ = 0;
  bool declines_ = false;
  bool sells_out_ = false;
  bool outage_ = false;
  place wanted_;
  time_point now_ = noon;
  state state_;
  std::vector<line> lines_{2};
  std::map<std::string, payment> payments_; // by idempotency key
  std::map<step, answer_fn> in_flight_;
  std::vector<answer_fn> said_; // answers that came, and may come again
  std::vector<late_request> late_;
  std::set<std::string> authorize_keys_;
  std::set<std::string> capture_keys_;
  std::set<std::string> refund_keys_;
  std::map<std::string, time_point> keys_since_;
  bool contradiction_ = false;
  bool reopened_ = false;
  bool seen_all_ = true; // there was no crash
};

TEST(OrderProperty, EndsWithItsMoneyAndStockAccountedFor) {
  std::map<status, int> ends;
  std::map<status, int> ends_of_reopened;
  for (unsigned seed = 1; seed <= 5'000; ++seed) {
    SCOPED_TRACE(seed);
    world w{seed};
    w.run();
    if (HasFailure())
      return;
    ++ends[w.order().status];
    if (w.was_reopened())
      ++ends_of_reopened[w.order().status];
  }
  // The walk is worth something only if it takes every way.
  for (auto x : {status::confirmed, status::rejected, status::declined, status::expired, status::cancelled,
                 status::refunded, status::review})
    EXPECT_GT(ends[x], 0) << name_of(x);
  EXPECT_GT(ends_of_reopened[status::confirmed], 0) << "what people had looked at again goes on";
  EXPECT_GT(ends_of_reopened[status::review], 0);
  for (auto [x, count] : ends)
    RecordProperty(std::string{name_of(x)}, count);
}

} // namespace
} // namespace troupe::order
