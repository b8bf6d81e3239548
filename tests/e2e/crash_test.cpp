// tests/e2e/crash_test.cpp: `kill -9` again and again under load, with a provider that fails in every way it knows.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct product {
  const char* sku;
  std::int64_t price; // in cents
  std::int64_t received;
};

// The last one is bought up within the first seconds, so that orders are rejected, too.
constexpr product products[] = {
  {"crash-plenty", 1999, 1'000'000}, {"crash-also", 250, 1'000'000}, {"crash-few", 4200, 10}};

struct acknowledged_order {
  json order;
  bool cancel_accepted = false;
};

/// What the shops know: what was acknowledged to them.
class records {
public:
  void acknowledged(const std::string& id, const json& order) {
    const std::lock_guard lock{mutex_};
    orders_[id].order = order;
    ++count_;
  }
  void cancelled(const std::string& id) {
    const std::lock_guard lock{mutex_};
    orders_[id].cancel_accepted = true;
  }
  void complain(std::string what) {
    const std::lock_guard lock{mutex_};
    if (complaints_.size() < 20)
      complaints_.push_back(std::move(what));
  }
  std::size_t count() const { return count_; }
  std::map<std::string, acknowledged_order> orders() const {
    const std::lock_guard lock{mutex_};
    return orders_;
  }
  std::vector<std::string> complaints() const {
    const std::lock_guard lock{mutex_};
    return complaints_;
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, acknowledged_order> orders_;
  std::vector<std::string> complaints_;
  std::atomic<std::size_t> count_{0};
};

/// A shop that places orders one after the other, each under a key of its own, and repeats one until it is answered.
class shop_on_a_thread {
public:
  shop_on_a_thread(std::string name, std::string url, std::uint64_t seed, records& into,
                   const std::atomic<bool>& closing)
    : name_(std::move(name)), http_(std::move(url), seconds{5}), dice_(seed), records_(into), closing_(closing),
      thread_([this] { run(); }) {}
  ~shop_on_a_thread() { thread_.join(); }
  shop_on_a_thread(const shop_on_a_thread&) = delete;
  shop_on_a_thread& operator=(const shop_on_a_thread&) = delete;

private:
  std::uint64_t below(std::uint64_t limit) { return dice_() % limit; }

  void pause(milliseconds length) {
    eventually(
      length, [this] { return closing_.load(); }, milliseconds{5});
  }

  json next_order() {
    const bool stripe = below(2) == 0;
    const bool declined = below(20) == 0;
    auto order = order_of(products[0].sku, static_cast<int>(1 + below(3)),
                          stripe ? (declined ? "pm_card_chargeDeclined" : "pm_card_visa")
                                 : (declined ? "tok_declined" : "tok_ok"));
    if (below(2) == 0)
      order["items"].push_back({{"sku", products[1].sku}, {"quantity", 2}});
    if (below(10) == 0)
      order["items"].push_back({{"sku", products[2].sku}, {"quantity", 1}});
    order["payment"]["provider"] = stripe ? "stripe" : "rest";
    return order;
  }

  /// The id under which the order was acknowledged, or nothing when the shop closes before that.
  std::string place_until_answered(const json& order, const std::string& key) {
    while (!closing_) {
      const auto answer = place(http_, order, below(8) == 0 ? 1 : 0, {{"Idempotency-Key", key}});
      if (answer.status == 202 || answer.status == 201) {
        const auto body = answer.json();
        return body["orderId"].get<std::string>();
      }
      // No answer, or one that says to come again.
      if (answer.status != 0 && answer.status != 409 && answer.status != 503 && answer.status != 504)
        records_.complain("an order was answered with " + std::to_string(answer.status) + " " + answer.body);
      pause(milliseconds{50});
    }
    return {};
  }

  void run() {
    for (int i = 0; !closing_; ++i) {
      const auto key = "\"" + name_ + "-" + std::to_string(i) + "\"";
      const auto order = next_order();
      const auto id = place_until_answered(order, key);
      if (id.empty())
        return;
      records_.acknowledged(id, order);
      if (below(10) == 0) {
        const auto again = place_until_answered(order, key);
        if (!again.empty() && again != id)
          records_.complain("key " + key + " named " + id + " and then " + again);
      }
      if (below(12) == 0) {
        pause(milliseconds{below(80)});
        const auto answer = http_.post("/api/v2/orders/" + id + "/cancel", json::object());
        if (answer.status == 200 || answer.status == 202)
          records_.cancelled(id);
      }
      pause(milliseconds{15});
    }
  }

  std::string name_;
  http_client http_;
  std::mt19937_64 dice_;
  records& records_;
  const std::atomic<bool>& closing_;
  std::thread thread_;
};

/// Latency, refusals, lost and late answers, nonsense, and webhooks that come twice or late.
json every_fault(std::uint64_t seed) {
  const auto rule = [](const char* fault, double probability, json more = json::object()) {
    more["fault"] = fault;
    more["probability"] = probability;
    return more;
  };
  return {
    {"seed", seed},
    {"rules", json::array({{{"name", "latency"}, {"delay_ms", {{"percentiles", {{"50", 2}, {"90", 20}, {"99", 200}}}}}},
                           rule("error", 0.04, {{"status", 503}}),
                           rule("error", 0.02, {{"status", 500}}),
                           rule("rate_limit", 0.01, {{"retry_after_s", 1}}),
                           rule("drop_before", 0.03),
                           rule("drop_after", 0.04),
                           rule("timeout_after", 0.02, {{"hold_ms", 3000}}),
                           rule("late_answer", 0.02, {{"hold_ms", 1500}}),
                           rule("malformed", 0.03),
                           rule("truncate", 0.03),
                           rule("duplicate_webhook", 0.1, {{"copies", 3}}),
                           rule("late_webhook", 0.1, {{"webhook_delay_ms", 700}})})}};
}

std::int64_t price_of(const std::string& sku) {
  for (const auto& x : products)
    if (sku == x.sku)
      return x.price;
  return 0;
}

std::int64_t total_of(const json& items) {
  std::int64_t total = 0;
  for (const auto& item : items)
    total += price_of(item["sku"]) * item["quantity"].get<std::int64_t>();
  return total;
}

class Crash : public ::testing::Test {
protected:
  void SetUp() override {
    const char* given = std::getenv("TROUPE_SEED");
    seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "seed " << seed << " (repeat its choices with TROUPE_SEED)" << std::endl;
    dice.seed(seed);
  }

  std::uint64_t below(std::uint64_t limit) { return dice() % limit; }

  void stock_the_shelf() {
    auto shop = running.shop();
    for (const auto& x : products) {
      const auto priced = shop.call(
        "PUT", std::string{"/api/v2/products/"} + x.sku,
        json{{"title", x.sku}, {"price", {{"amount", x.price}, {"currency", "EUR"}}}}.dump(), running.as_operator());
      ASSERT_TRUE(priced.status == 200 || priced.status == 201) << priced.body;
      const auto stocked = shop.call("PATCH", std::string{"/api/v2/inventory/"} + x.sku,
                                     json{{"available", x.received}}.dump(), running.as_operator());
      ASSERT_EQ(stocked.status, 200) << stocked.body;
    }
  }

  void kill_at_a_random_moment() {
    const auto wanted = book.count() + 1 + below(400);
    // A load that has come to a halt is no reason to wait.
    eventually(
      seconds{3}, [&] { return book.count() >= wanted; }, milliseconds{1});
    running.kill();
  }

  /// Sometimes it dies again while it recovers.
  void restart() {
    running.launch();
    if (below(4) == 0) {
      eventually(
        milliseconds{below(60)}, [] { return false; }, milliseconds{1});
      running.process().send(SIGKILL);
      running.process().wait();
      running.launch();
    }
    running.await_up();
  }

  /// Every reference that a provider knows.
  std::map<std::string, json> ledger() {
    std::map<std::string, json> out;
    http_client http{providers.url()};
    json next = 0;
    while (!next.is_null()) {
      const auto page = http.get("/_sandbox/ledger?limit=5000&after=" + next.dump()).json();
      EXPECT_TRUE(page["capturedTwice"].empty()) << page["capturedTwice"];
      for (const auto& x : page["references"])
        EXPECT_TRUE(out.emplace(x["reference"].get<std::string>(), x).second) << "two providers were asked for " << x;
      next = page["next"];
    }
    return out;
  }

  temporary_folder folder;
  temporary_folder sandbox_folder;
  std::uint16_t port = unused_port(); // The sandbox sends its webhooks there, and shops come back to it.
  sandbox providers{sandbox_folder.path(), {"commerce.port=" + std::to_string(port)}};
  node running{folder.path(),
               {"sandbox.enabled=false", "commerce.port=" + std::to_string(port), "orders.retry_base=50ms",
                "orders.retry_max=1s", "payment.providers.rest.base_url=" + providers.url() + "/rest",
                "payment.providers.stripe.base_url=" + providers.url() + "/stripe", "payment.providers.rest.timeout=1s",
                "payment.providers.stripe.timeout=1s", "payment.providers.stripe.search_lag=1s"}};
  std::uint64_t seed = 0;
  std::mt19937_64 dice;
  records book;
  std::atomic<bool> closing{false};
};

TEST_F(Crash, EveryAcknowledgedOrderEndsAndTheMoneyAgreesToTheCent) {
  const bool in_full = std::getenv("TROUPE_LONG") != nullptr;
  const int kills = in_full ? 30 : 3;
  running.start();
  stock_the_shelf();
  if (HasFatalFailure())
    return;
  providers.set_faults(every_fault(seed));
  {
    struct closes {
      std::atomic<bool>& flag;
      ~closes() { flag = true; }
    };
    std::vector<std::unique_ptr<shop_on_a_thread>> shops;
    const closes at_the_end{closing}; // before the shops are waited for
    for (int i = 0; i < 8; ++i)
      shops.push_back(
        std::make_unique<shop_on_a_thread>("shop-" + std::to_string(i), running.commerce(), dice(), book, closing));
    for (int i = 0; i < kills; ++i) {
      kill_at_a_random_moment();
      restart();
    }
    const auto some_more = book.count() + 50; // The last recovery works under load, too.
    EXPECT_TRUE(eventually(seconds{20}, [&] { return book.count() >= some_more; }));
  }
  providers.clear_faults();
  EXPECT_EQ(book.complaints(), std::vector<std::string>{});

  // Every acknowledged order exists and ends; so does every other of which a provider knows.
  auto shop = running.shop();
  const auto acknowledged = book.orders();
  std::map<std::string, json> ended;
  std::set<std::string> waiting;
  for (const auto& [id, x] : acknowledged)
    waiting.insert(id);
  const auto look = [&] {
    for (auto i = waiting.begin(); i != waiting.end();) {
      const auto answer = shop.get("/api/v2/orders/" + *i);
      EXPECT_EQ(answer.status, 200) << *i << " is lost: " << answer.failure << answer.body;
      auto order = answer.json();
      if (answer.status == 200 && order["status"] == "processing") {
        ++i;
        continue;
      }
      if (answer.status == 200)
        ended.emplace(*i, std::move(order));
      i = waiting.erase(i);
    }
    return waiting.empty();
  };
  EXPECT_TRUE(eventually(seconds{in_full ? 90 : 30}, look, milliseconds{200}));
  for (const auto& [reference, x] : ledger())
    if (!ended.contains(reference) && !waiting.contains(reference) && reference != "health-check")
      waiting.insert(reference);
  EXPECT_TRUE(eventually(seconds{30}, look, milliseconds{200}));
  for (const auto& id : waiting)
    ADD_FAILURE() << "does not end: " << order_at(shop, id);

  // The money, order by order.
  std::map<std::string, int> how_many;
  std::map<std::string, std::int64_t> sold;
  const auto money = ledger();
  for (const auto& [id, order] : ended) {
    const auto status = order["status"].get<std::string>();
    ++how_many[status];
    const auto known = acknowledged.find(id);
    if (known != acknowledged.end()) {
      const auto& wanted = known->second.order;
      ASSERT_EQ(order["items"].size(), wanted["items"].size()) << order;
      for (std::size_t i = 0; i < wanted["items"].size(); ++i) {
        EXPECT_EQ(order["items"][i]["sku"], wanted["items"][i]["sku"]) << order;
        EXPECT_EQ(order["items"][i]["quantity"], wanted["items"][i]["quantity"]) << order;
      }
      EXPECT_FALSE(known->second.cancel_accepted && status == "confirmed") << order;
    }
    EXPECT_NE(status, "review") << order;
    const auto total = total_of(order["items"]);
    const auto entry = money.find(id);
    const auto paid = entry == money.end()
                        ? 0
                        : entry->second["captured"].get<std::int64_t>() - entry->second["refunded"].get<std::int64_t>();
    EXPECT_EQ(paid, status == "confirmed" ? total : 0) << order << (entry == money.end() ? json{} : entry->second);
    if (entry != money.end()) {
      EXPECT_LE(entry->second["chargesCaptured"].get<int>(), 1) << entry->second;
      for (const auto& charge : entry->second["charges"])
        EXPECT_NE(charge["status"], "authorized") << "money stays set aside: " << order << entry->second;
    }
    if (status == "confirmed")
      for (const auto& item : order["items"])
        sold[item["sku"]] += item["quantity"].get<std::int64_t>();
  }

  // The stock: nothing is held any more, and what was sold is what was confirmed.
  for (const auto& x : products) {
    json stock;
    eventually(seconds{10}, [&] {
      stock = shop.get(std::string{"/api/v2/inventory/"} + x.sku).json();
      return stock["held"] == 0;
    });
    EXPECT_EQ(stock["held"], 0) << stock;
    EXPECT_EQ(stock["sold"].get<std::int64_t>(), sold[x.sku]) << stock;
    EXPECT_EQ(stock["available"].get<std::int64_t>() + stock["held"].get<std::int64_t>()
                + stock["sold"].get<std::int64_t>(),
              x.received)
      << stock;
  }
  EXPECT_GT(how_many["confirmed"], 0);
  EXPECT_EQ(running.stop(), (ending{0, 0}));
  const auto checked = run({troupe_binary(), "store", "check", (folder.path() / "journal.db").string()});
  EXPECT_EQ(checked.how, (ending{0, 0})) << checked.output << checked.errors;
  std::cout << kills << " kills, " << acknowledged.size() << " orders acknowledged;";
  for (const auto& [status, count] : how_many)
    std::cout << ' ' << count << ' ' << status;
  std::cout << std::endl;
}

} // namespace
} // namespace troupe::test
