// The auditor notices each kind of wrong by itself, whichever part is to blame.
#include "tests/simulation/auditor.hpp"

#include "actors/order/stored.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace troupe::simulation {
namespace {

const order_id some_order{"order-1"};

class Auditor : public testing::Test {
protected:
  Auditor() {
    auto opened = simulated::make_store(disk)->open_writer();
    writer = std::move(*opened);
    const std::vector<std::string> contexts{"order"};
    epoch = writer->acquire(contexts, "node-1")->front().epoch;
  }

  static order::placed placed() {
    order::placed x;
    x.customer = {"customer-1"};
    x.currency = *currency::parse("EUR");
    x.items = {{{"shoe"}, 1}};
    x.provider = "main";
    x.method = "tok_visa";
    return x;
  }

  /// Stores the next event of the order, as the node's store does.
  void store(const order::event& what, time_point at = {}, bool synced = true) {
    auto form = order::encode(what);
    journal::stored_event x;
    x.stream = {"order", some_order.value};
    x.version = ++version;
    x.shard = x.stream.shard();
    x.offset = version;
    x.type = std::move(form.type);
    x.schema = form.schema;
    x.data = std::move(form.data);
    x.personal = std::move(form.personal);
    x.recorded_at = at;
    x.epoch = epoch;
    journal::write one;
    one.stream = x.stream;
    one.epoch = epoch;
    one.events = {x};
    const std::vector<journal::write> batch{one};
    ASSERT_TRUE(writer->commit(batch));
    audit.tried_to_commit(batch, synced);
  }

  static order::view seen(std::uint64_t version, order::status status) {
    order::view x;
    x.id = some_order;
    x.version = version;
    x.status = status;
    return x;
  }

  void expect(std::string_view part) const {
    EXPECT_NE(audit.violation().find(part), std::string::npos) << '"' << audit.violation() << '"';
  }

  std::shared_ptr<simulated::disk> disk = std::make_shared<simulated::disk>();
  payment::ledger books;
  auditor audit{*disk, books};
  std::unique_ptr<journal::store_writer> writer;
  std::uint64_t epoch = 0;
  std::uint64_t version = 0;
  sighting before;
};

TEST_F(Auditor, AcceptsWhatIsDurable) {
  store(placed());
  audit.answered(seen(1, order::status::processing), before);
  EXPECT_EQ(audit.violation(), "");
}

TEST_F(Auditor, RefusesAnAnswerBeforeTheCommit) {
  audit.answered(seen(1, order::status::processing), before);
  expect("only 0 is durable");
}

TEST_F(Auditor, RefusesAnAnswerBeforeTheSync) {
  store(placed(), {}, false);
  audit.answered(seen(1, order::status::processing), before);
  expect("only 0 is durable");
}

TEST_F(Auditor, RefusesThatAnAcknowledgedOrderIsGone) {
  store(placed());
  audit.answered(seen(1, order::status::processing), before);
  audit.denied(some_order);
  expect("was acknowledged and is gone");
}

TEST_F(Auditor, AcceptsThatAnOrderOfWhichNobodyWasToldIsGone) {
  audit.denied(some_order);
  EXPECT_EQ(audit.violation(), "");
}

TEST_F(Auditor, RefusesThatAnOrderGoesBack) {
  store(placed());
  store(order::cancel_requested{"changed my mind"});
  audit.answered(seen(2, order::status::processing), before);
  audit.answered(seen(1, order::status::processing), before);
  expect("was told at version 2 and then at 1");
}

TEST_F(Auditor, RefusesThatAnEndChanges) {
  store(placed());
  audit.answered(seen(1, order::status::declined), before);
  audit.answered(seen(1, order::status::confirmed), before);
  expect("had ended as declined and is confirmed now");
}

TEST_F(Auditor, RefusesTimeThatGoesBackWithinAStream) {
  store(placed(), time_point{duration{2}});
  store(order::cancel_requested{"changed my mind"}, time_point{duration{1}});
  expect("was recorded before the event before it");
}

TEST_F(Auditor, RefusesStockOfWhichTheStockKnowsNothing) {
  store(placed());
  store(order::stock_reserved{});
  expect("the stock does not agree about line 0");
}

TEST_F(Auditor, RefusesMoneyOfWhichTheProviderKnowsNothing) {
  store(placed());
  store(order::payment_authorized{{"pay-1"}, {100, *currency::parse("EUR")}});
  expect("the provider has no such payment");
}

TEST_F(Auditor, RefusesAnotherEventAfterTheEnd) {
  store(placed());
  store(order::closed{order::status::cancelled});
  store(order::cancel_requested{"changed my mind"});
  expect("has ended, and then order.cancel_requested was stored");
}

TEST_F(Auditor, RefusesTwoOrdersForOneKey) {
  audit.key_answered("key-1", "order-1");
  audit.key_answered("key-1", "order-1");
  EXPECT_EQ(audit.violation(), "");
  audit.key_answered("key-1", "order-2");
  expect("stands for order order-1 and for order order-2");
}

TEST_F(Auditor, RefusesToCloseWhileAnOrderHasNotEnded) {
  store(placed());
  audit.close({seen(1, order::status::processing)}, {});
  expect("has not ended");
}

TEST_F(Auditor, RefusesAReviewWithoutNeed) {
  store(placed());
  auto reviewed = seen(1, order::status::review);
  reviewed.reason = "second payment";
  reviewed.currency = *currency::parse("EUR");
  audit.allow_review(some_order, "the provider could not refund");
  audit.close({reviewed}, {});
  expect("went to manual review: second payment");
}

TEST_F(Auditor, RefusesAConfirmedOrderThatNobodyPaid) {
  store(placed());
  auto confirmed = seen(1, order::status::confirmed);
  confirmed.currency = *currency::parse("EUR");
  confirmed.total = money{100, confirmed.currency};
  audit.close({confirmed}, {});
  expect("owes 100, but the provider took 0");
}

} // namespace
} // namespace troupe::simulation
