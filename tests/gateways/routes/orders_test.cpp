#include "actors/kernel/uuid.hpp"
#include "tests/gateways/routes/gateway_fixture.hpp"

#include <algorithm>

namespace troupe::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const std::string body = R"({"customerId": "c-1", "email": "ann@example.com", "currency": "EUR",
  "items": [{"sku": "mug", "quantity": 2}], "payment": {"method": "pm_card_visa"}})";
const std::string other_body = R"({"customerId": "c-2", "email": "bob@example.com", "currency": "EUR",
  "items": [{"sku": "mug", "quantity": 2}], "payment": {"method": "pm_card_visa"}})";
const std::string known = "01890a5d-ac96-774b-bcce-b302099a8057";
const std::string unknown = "01890a5d-ac96-774b-bcce-b302099a8058";

call post(http::headers fields = {}, std::string text = body) {
  return {"POST", "/api/v2/orders", std::move(text), std::move(fields)};
}

class OrderRoutes : public gateway_fixture {
protected:
  /// An order that is there already.
  order::view& have(order::status status = order::status::processing) {
    auto& x = desk.orders[known];
    x.id = known;
    x.status = status;
    x.message = "Processing payment...";
    x.email = "ann@example.com";
    x.currency = *currency::parse("EUR");
    x.provider = "sandbox";
    return x;
  }

  std::vector<std::string> wrong(std::string_view path, const json& value) {
    auto x = json::parse(body);
    x[json::json_pointer{std::string{path}}] = value;
    return wrong_fields("POST", "/api/v2/orders", x.dump());
  }
};

// ---- place ----

TEST_F(OrderRoutes, AcceptsAnOrderOnceItIsDurable) {
  const auto response = send(post());
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(http::find(response.fields, "Location"), "");
  const auto receipt = json_of(response);
  const std::string id = receipt["orderId"];
  EXPECT_TRUE(is_uuid(id));
  EXPECT_EQ(receipt["status"], "processing");
  EXPECT_EQ(receipt["message"], "Processing payment...");
  EXPECT_EQ(receipt["links"]["self"], "/api/v2/orders/" + id);
  ASSERT_EQ(desk.placed.size(), 1u);
  EXPECT_EQ(desk.placed[0].id, order_id{id});
  EXPECT_EQ(desk.placed[0].provider, "sandbox");
  EXPECT_EQ(desk.contexts[0].principal, "anonymous");
}

TEST_F(OrderRoutes, TakeNoNewOrderWhileTheNodeIsOverloadedAndStillReadThoseThereAre) {
  have();
  overloaded = true;
  const auto refused = send(post());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(json_of(refused)["type"], "/problems/overloaded");
  EXPECT_NE(http::find(refused.fields, "Retry-After"), "");
  EXPECT_TRUE(desk.placed.empty());
  EXPECT_EQ(send({"GET", "/api/v2/orders/" + known}).status, 200);
  overloaded = false;
  EXPECT_EQ(send(post()).status, 202);
}

TEST_F(OrderRoutes, GiveEveryOrderAnIdOfItsOwn) {
  EXPECT_NE(json_of(send(post()))["orderId"], json_of(send(post()))["orderId"]);
}

TEST_F(OrderRoutes, PlaceAtTheShorterPathsToo) {
  EXPECT_EQ(send({"POST", "/api/orders", body}).status, 202);
  EXPECT_EQ(send({"POST", "/orders", body}).status, 202);
}

TEST_F(OrderRoutes, AnswerTheEndToWhoeverWaitsForIt) {
  const auto response = send(post({{"Prefer", "wait=5"}}));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(http::find(response.fields, "Preference-Applied"), "wait=5");
  const auto receipt = json_of(response);
  EXPECT_EQ(receipt["status"], "confirmed");
  EXPECT_EQ(http::find(response.fields, "Location"), "/api/v2/orders/" + receipt["orderId"].get<std::string>());
}

TEST_F(OrderRoutes, CallAnEndThatIsNotSuccessAnEndToo) {
  desk.ends_as = order::status::declined;
  const auto response = send(post({{"Prefer", "wait=5"}}));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(json_of(response)["status"], "declined");
}

TEST_F(OrderRoutes, AnswerTheCurrentStateWhenTheWaitIsOver) {
  desk.await_fails = caf::make_error(ec::deadline);
  const auto response = send(post({{"Prefer", "respond-async, wait=99"}}));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(http::find(response.fields, "Preference-Applied"), "wait=30");
  EXPECT_EQ(http::find(response.fields, "Location"), "");
  EXPECT_EQ(json_of(response)["message"], "Verifying payment...");
}

TEST_F(OrderRoutes, DoNotCallADurableOrderFailedWhenItsEndCannotBeTold) {
  desk.await_fails = caf::make_error(ec::store_unavailable);
  EXPECT_EQ(send(post({{"Prefer", "wait=5"}})).status, 202);
}

TEST_F(OrderRoutes, DoNotWaitForNoTime) {
  desk.await_fails = caf::make_error(ec::unknown_type);
  const auto response = send(post({{"Prefer", "wait=0"}}));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json_of(response)["message"], "Processing payment...");
}

TEST_F(OrderRoutes, AcceptNothingWhenTheStoreFails) {
  desk.failing = caf::make_error(ec::store_unavailable);
  const auto response = send(post());
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(http::find(response.fields, "Content-Type"), "application/problem+json");
  EXPECT_EQ(http::find(response.fields, "Retry-After"), "1");
}

TEST_F(OrderRoutes, AnswerAtTheDeadlineWhenAnActorDoesNot) {
  desk.silent = true;
  auto late = post();
  late.within = 50ms;
  EXPECT_EQ(send(late).status, 504);
}

TEST_F(OrderRoutes, NameTheFieldsThatHoldWhatCannotBe) {
  auto x = json::parse(body);
  x["currency"] = "XYZ";
  x["payment"]["provider"] = "cash";
  const auto response = send(post({{"Idempotency-Key", "k"}}, x.dump()));
  EXPECT_EQ(response.status, 422);
  const auto problem = json_of(response);
  ASSERT_EQ(problem["errors"].size(), 2u);
  EXPECT_EQ(problem["errors"][0]["pointer"], "/currency");
  EXPECT_EQ(problem["errors"][1]["pointer"], "/payment/provider");
  EXPECT_TRUE(desk.placed.empty());
  EXPECT_TRUE(claims.empty()); // the corrected body may use the key
}

// ---- Idempotency-Key ----

TEST_F(OrderRoutes, MakeOneOrderOfARepeatedKey) {
  const auto first = send(post({{"Idempotency-Key", "\"k-1\""}}));
  const auto spaced = json::parse(body).dump(4);
  const auto second = send(post({{"Idempotency-Key", "\"k-1\""}}, spaced));
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(desk.orders.size(), 1u);
}

TEST_F(OrderRoutes, MakeOneOrderOfSimultaneousRequestsWithOneKey) {
  const auto request = post({{"Idempotency-Key", "k-1"}, {"Prefer", "wait=5"}});
  const auto [first, second] = send_both(request, request);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(desk.orders.size(), 1u);
}

TEST_F(OrderRoutes, ShareKeysAmongThePathsOfOneRoute) {
  const auto first = send(post({{"Idempotency-Key", "k-1"}}));
  const auto second = send({"POST", "/orders", body, {{"Idempotency-Key", "k-1"}}});
  EXPECT_EQ(first.body, second.body);
}

TEST_F(OrderRoutes, RefuseAKeyWithAnotherBody) {
  send(post({{"Idempotency-Key", "k-1"}}));
  const auto response = send(post({{"Idempotency-Key", "k-1"}}, other_body));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["type"], "/problems/idempotency-key-reused");
  EXPECT_EQ(desk.orders.size(), 1u);
}

TEST_F(OrderRoutes, KeepTheKeysOfPrincipalsApart) {
  const auto first = send(post({{"Idempotency-Key", "k-1"}}));
  auto second = post({{"Idempotency-Key", "k-1"}}, other_body);
  second.principal = "operator";
  EXPECT_EQ(send(second).status, 202);
  EXPECT_EQ(desk.orders.size(), 2u);
}

TEST_F(OrderRoutes, RefuseAMalformedKey) {
  const auto response = send(post({{"Idempotency-Key", "\"open"}}));
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(desk.placed.empty());
}

TEST_F(OrderRoutes, AnswerARepeatedKeyWhenTheConfigurationHasChanged) {
  send(post({{"Idempotency-Key", "k-1"}}));
  desk.orders.begin()->second.provider = "stripe"; // as if it had been the default at the time
  const auto response = send(post({{"Idempotency-Key", "k-1"}}));
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json_of(response)["orderId"], desk.orders.begin()->first);
}

// ---- schema ----

TEST_F(OrderRoutes, FitTheirOwnExample) {
  EXPECT_TRUE(wrong("/customerId", "c-1").empty());
  EXPECT_TRUE(wrong("/items/0/quantity", 1'000'000).empty());
  EXPECT_TRUE(wrong("/items/0/sku", "mtg-0000579f-7b35-4ed3-b44c-db2a538066fe").empty());
  EXPECT_TRUE(wrong("/shippingAddress", json::parse(R"({"name": "Ann", "line1": "1 Road", "line2": "", "city": "Ulm",
    "region": "BW", "postalCode": "89073", "country": "DE"})"))
                .empty());
}

TEST_F(OrderRoutes, PointAtTheFieldThatDoesNotFit) {
  const auto points_at = [&](std::string_view path, const json& value) {
    const auto found = wrong(path, value);
    EXPECT_EQ(std::count(found.begin(), found.end(), path), 1) << path << " = " << value;
  };
  points_at("/customerId", "");
  points_at("/customerId", "two words");
  points_at("/customerId", std::string(129, 'c'));
  points_at("/email", std::string{"a\0@example.com", 14});
  points_at("/email", "a\x1b[31m@example.com");
  points_at("/customerId", 7);
  points_at("/email", "nobody");
  points_at("/email", std::string(250, 'a') + "@example.com");
  points_at("/currency", "eur");
  points_at("/items", json::array());
  points_at("/items", json(101, json{{"sku", "mug"}, {"quantity", 1}}));
  points_at("/items/0/quantity", 0);
  points_at("/items/0/quantity", -1);
  points_at("/items/0/quantity", 1'000'001);
  points_at("/items/0/quantity", 1.5);
  points_at("/items/0/quantity", "2");
  points_at("/items/0/sku", "a/b");
  points_at("/items/0/sku", "");
  points_at("/payment/method", "");
  points_at("/payment/provider", std::string(65, 'p'));
}

TEST_F(OrderRoutes, RefuseMembersThatTheyDoNotKnow) {
  EXPECT_FALSE(wrong("/price", 1).empty());
  EXPECT_FALSE(wrong("/items/0/price", 1).empty());
  EXPECT_FALSE(wrong("/payment/amount", 1).empty());
}

TEST_F(OrderRoutes, RefuseABodyThatLacksAMember) {
  for (const auto* member : {"customerId", "email", "currency", "items", "payment"}) {
    auto x = json::parse(body);
    x.erase(member);
    EXPECT_FALSE(wrong_fields("POST", "/api/v2/orders", x.dump()).empty()) << member;
  }
}

// ---- read ----

TEST_F(OrderRoutes, ReadAnOrder) {
  have(order::status::confirmed);
  const auto response = send({"GET", "/api/v2/orders/" + known});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json_of(response)["status"], "confirmed");
  EXPECT_EQ(json_of(send({"GET", "/api/orders/" + known}))["orderId"], known);
}

TEST_F(OrderRoutes, ReadAnOrderByItsIdInCapitals) {
  have();
  EXPECT_EQ(send({"GET", "/api/v2/orders/01890A5D-AC96-774B-BCCE-B302099A8057"}).status, 200);
}

TEST_F(OrderRoutes, ShowPersonalDataToOperatorsOnly) {
  have();
  call get{"GET", "/api/v2/orders/" + known};
  EXPECT_EQ(json_of(send(get))["email"], "a***@example.com");
  get.principal = "operator";
  EXPECT_EQ(json_of(send(get))["email"], "ann@example.com");
  get.target = "/api/v1/orders/" + known;
  EXPECT_EQ(json_of(send(get))["email"], "ann@example.com");
  get.principal = "anonymous";
  EXPECT_EQ(json_of(send(get))["email"], "a***@example.com");
}

TEST_F(OrderRoutes, TellAnUnknownOrderFromAMalformedId) {
  for (const auto* end : {"", "/events"}) {
    EXPECT_EQ(send({"GET", "/api/v2/orders/" + unknown + end}).status, 404) << end;
    EXPECT_EQ(send({"GET", std::string{"/api/v2/orders/42"} + end}).status, 400) << end;
  }
  EXPECT_EQ(send({"GET", "/api/v1/orders/" + unknown}).status, 404);
}

class OrderHistory : public OrderRoutes {
protected:
  void SetUp() override {
    order::placed placed;
    placed.customer = "c-1";
    placed.email = "ann@example.com";
    placed.currency = eur;
    placed.items = {{"mug", 2}};
    placed.provider = "sandbox";
    placed.method = "pm_card_visa";
    record(known, placed, noon);
    record(known, order::priced{{money{1290, eur}}, money{2580, eur}}, noon + 1s);
    record(known, order::stock_reserved{noon + 15min}, noon + 1s);
    record(known, order::attempt_failed{order::step::authorize, 1, ec::timed_out, noon + 3s}, noon + 2s);
    record(known, order::payment_declined{"card_declined"}, noon + 3s);
    record(known, order::stock_released{}, noon + 4s);
    record(known, order::closed{order::status::declined}, noon + 4s);
  }

  json as_of(const std::string& instant) {
    return json_of(send({"GET", "/api/v2/orders/" + known + "?as_of=" + instant}));
  }

  currency eur = *currency::parse("EUR");
};

TEST_F(OrderHistory, TellsAnOrderAsItWas) {
  EXPECT_EQ(as_of("2026-03-01T12:00:00Z")["version"], 1);
  EXPECT_FALSE(as_of("2026-03-01T12:00:00.999Z")["amounts"].contains("total"));
  const auto priced = as_of("2026-03-01T12:00:01Z");
  EXPECT_EQ(priced["version"], 3);
  EXPECT_EQ(priced["status"], "processing");
  EXPECT_EQ(priced["amounts"]["total"]["amount"], 2580);
  EXPECT_EQ(as_of("2099-01-01T00:00:00Z")["status"], "declined");
}

TEST_F(OrderHistory, UnderstandsOffsetsEscapedOrNot) {
  EXPECT_EQ(as_of("2026-03-01T13:00:01%2B01:00")["version"], 3);
  EXPECT_EQ(as_of("2026-03-01T13:00:01+01:00")["version"], 3);
}

TEST_F(OrderHistory, KnowsNoOrderBeforeItWasPlaced) {
  EXPECT_EQ(as_of("2026-03-01T11:59:59.999Z")["status"], 404);
}

TEST_F(OrderHistory, RefusesWhatIsNoInstant) {
  for (const auto* instant : {"", "yesterday", "2026-03-01", "2026-13-01T00:00:00Z"})
    EXPECT_EQ(send({"GET", "/api/v2/orders/" + known + "?as_of=" + instant}).status, 400) << instant;
}

TEST_F(OrderHistory, MasksPersonalDataAsWell) {
  EXPECT_EQ(as_of("2026-03-01T12:00:00Z")["email"], "a***@example.com");
}

TEST_F(OrderHistory, ReadsTheTimelineBeyondOnePage) {
  for (int i = 0; i < 1200; ++i)
    record(unknown,
           i == 0 ? order::event{order::placed{"c-1", "", eur, {{"mug", 1}}, "sandbox", "m", {}, true}}
                  : order::event{order::attempt_failed{order::step::reserve, 1, ec::unavailable, noon}},
           noon + i * 1s);
  EXPECT_EQ(json_of(send({"GET", "/api/v2/orders/" + unknown + "?as_of=2099-01-01T00:00:00Z"}))["version"], 1200);
}

TEST_F(OrderHistory, ListsPublicEventsInOrderWithWhoWhenAndTrace) {
  const auto response = send({"GET", "/api/v2/orders/" + known + "/events"});
  EXPECT_EQ(response.status, 200);
  const auto list = json_of(response);
  EXPECT_EQ(list["orderId"], known);
  ASSERT_GE(list["events"].size(), 3u);
  const auto& first = list["events"][0];
  EXPECT_EQ(first["eventType"], "OrderCreated");
  EXPECT_EQ(first["eventTime"], "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(first["aggregateId"], known);
  EXPECT_EQ(first["metadata"]["principal"], "anonymous");
  EXPECT_NE(first["metadata"].dump().find("0af7651916cd43dd8448eb211c80319c"), std::string::npos);
  std::uint64_t version = 0;
  for (const auto& event : list["events"]) {
    EXPECT_GT(event["version"], version);
    version = event["version"];
  }
  EXPECT_EQ(response.body.find("ann@"), std::string::npos);
}

// ---- cancel and capture ----

TEST_F(OrderRoutes, AcceptACancellationWhileWorkIsLeft) {
  have();
  const auto response = send({"POST", "/api/v2/orders/" + known + "/cancel", R"({"reason": "changed my mind"})"});
  EXPECT_EQ(response.status, 202);
  ASSERT_EQ(desk.cancelled.size(), 1u);
  EXPECT_EQ(desk.cancelled[0].id, order_id{known});
  EXPECT_EQ(desk.cancelled[0].reason, "changed my mind");
}

TEST_F(OrderRoutes, CallACancellationDoneWhenItIs) {
  have(order::status::cancelled);
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + known + "/cancel", "{}"}).status, 200);
  have(order::status::confirmed); // its refund is still to come
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + known + "/cancel", "{}"}).status, 202);
}

TEST_F(OrderRoutes, TellWhyACancellationIsForbidden) {
  auto& x = have(order::status::declined);
  x.reason = "card_declined";
  desk.cancel_refused = caf::make_error(order::rejection::already_ended);
  const auto response = send({"POST", "/api/v2/orders/" + known + "/cancel", "{}"});
  EXPECT_EQ(response.status, 409);
  const auto problem = json_of(response);
  EXPECT_EQ(problem["type"], "/problems/already-ended");
  EXPECT_NE(problem["detail"].get<std::string>().find("declined (card_declined)"), std::string::npos);
}

TEST_F(OrderRoutes, KeepTheReasonOfACancellationToOperators) {
  auto& x = have(order::status::refunded);
  x.reason = "I am Ada Lovelace";
  desk.cancel_refused = caf::make_error(order::rejection::already_ended);
  const auto told = [&](const call& asked) { return send(asked).body.find("Lovelace") != std::string::npos; };
  const call cancel{"POST", "/api/v2/orders/" + known + "/cancel", "{}"};
  const call read{"GET", "/api/v2/orders/" + known};
  EXPECT_FALSE(told(cancel));
  EXPECT_FALSE(told(read));
  EXPECT_FALSE(told({"GET", "/api/v1/orders/" + known}));
  auto by_operator = read;
  by_operator.principal = "operator";
  EXPECT_TRUE(told(by_operator));
}

TEST_F(OrderRoutes, BindAKeyToTheOrderThatItCancels) {
  have();
  desk.orders[unknown] = have();
  const http::headers key{{"Idempotency-Key", "k"}};
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + known + "/cancel", "{}", key}).status, 202);
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + known + "/cancel", "{}", key}).status, 202);
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + unknown + "/cancel", "{}", key}).status, 422);
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + known + "/cancel", R"({"reason": "x"})", key}).status, 422);
}

TEST_F(OrderRoutes, CancelAndCaptureKnownOrdersOnly) {
  for (const auto* what : {"cancel", "capture"}) {
    EXPECT_EQ(send({"POST", "/api/v2/orders/" + unknown + "/" + what, "{}"}).status, 404) << what;
    EXPECT_EQ(send({"POST", std::string{"/api/v2/orders/42/"} + what, "{}"}).status, 400) << what;
  }
}

TEST_F(OrderRoutes, Capture) {
  have();
  EXPECT_EQ(send({"POST", "/api/v2/orders/" + known + "/capture"}).status, 202);
  ASSERT_EQ(desk.captured.size(), 1u);
  have(order::status::confirmed);
  EXPECT_EQ(send({"POST", "/api/orders/" + known + "/capture"}).status, 200);
}

TEST_F(OrderRoutes, TellWhyACaptureIsForbidden) {
  have();
  desk.capture_refused = caf::make_error(order::rejection::not_authorized);
  const auto response = send({"POST", "/api/v2/orders/" + known + "/capture"});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(json_of(response)["type"], "/problems/not-authorized");
}

TEST_F(OrderRoutes, KeepCaptureToOperators) {
  EXPECT_EQ(scope_of("POST", "/api/v2/orders/" + known + "/capture"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/api/orders/" + known + "/capture"), gateway::scope::operator_key);
  EXPECT_EQ(scope_of("POST", "/api/v2/orders/" + known + "/cancel"), gateway::scope::open);
  EXPECT_EQ(scope_of("POST", "/orders"), gateway::scope::open);
  EXPECT_EQ(scope_of("GET", "/api/v2/orders/" + known), gateway::scope::open);
}

} // namespace
} // namespace troupe::test
