#include "actors/order/order_actor.hpp"
#include "actors/order/stored.hpp"
#include "tests/actors/order/samples.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace troupe::order {
namespace {

using namespace test;
using nlohmann::json;

const std::filesystem::path golden_folder = troupe::test::source_folder() / "tests/golden/order";
const std::filesystem::path schema_folder = troupe::test::source_folder() / "config/schemas/events";

json read_json(const std::filesystem::path& path) {
  std::ifstream in{path};
  EXPECT_TRUE(in) << path;
  return json::parse(in);
}

journal::stored_event stored_as(const journal::encoded_event& x) {
  journal::stored_event out;
  out.stream = {"order", some_id.value};
  out.version = 3;
  out.type = x.type;
  out.schema = x.schema;
  out.data = x.data;
  out.personal = x.personal;
  out.recorded_at = noon;
  out.principal = "anonymous";
  out.trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  return out;
}

journal::stored_event stored_sample(const event& x) {
  return stored_as(encode(x));
}

json golden_form(const journal::encoded_event& x) {
  json out{{"type", x.type}, {"schema", x.schema}, {"data", json::parse(x.data)}};
  if (!x.personal.empty())
    out["personal"] = json::parse(x.personal);
  return out;
}

journal::stored_event from_golden(const json& x) {
  return stored_as({x.at("type"), x.at("schema"), x.at("data").dump(),
                    x.contains("personal") ? x.at("personal").dump() : std::string{}});
}

/// The sample of a stored type.
event sample_of(const std::string& type) {
  for (const auto& x : one_of_every_kind())
    if ("order." + std::string{name_of(x)} == type)
      return x;
  ADD_FAILURE() << "no sample of " << type;
  return closed{};
}

class OrderGolden : public ::testing::TestWithParam<event> {};

TEST_P(OrderGolden, KeepsTheStoredForm) {
  const auto form = encode(GetParam());
  EXPECT_EQ(form.type, "order." + std::string{name_of(GetParam())});
  const auto file = std::string{name_of(GetParam())} + '.' + std::to_string(form.schema) + ".json";
  EXPECT_EQ(golden_form(form), read_json(golden_folder / file));
}

TEST_P(OrderGolden, ReadsWhatItWrote) {
  const auto decoded = decode(stored_sample(GetParam()));
  ASSERT_TRUE(decoded) << to_string(decoded.error());
  EXPECT_EQ(*decoded, GetParam());
}

TEST_P(OrderGolden, IsDamagedWithoutAnyPartOfIt) {
  const auto form = encode(GetParam());
  const auto whole = json::parse(form.data);
  for (const auto& [key, value] : whole.items()) {
    auto data = whole;
    data.erase(key);
    const auto decoded = decode(stored_as({form.type, form.schema, data.dump(), form.personal}));
    ASSERT_FALSE(decoded) << key;
    EXPECT_EQ(code_of(decoded.error()), ec::store_damaged) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryKind, OrderGolden, ::testing::ValuesIn(one_of_every_kind()),
                         [](const auto& x) { return std::string{name_of(x.param)}; });

TEST(OrderStored, HasASampleOfEveryKind) {
  std::set<std::size_t> kinds;
  for (const auto& x : one_of_every_kind())
    kinds.insert(x.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<event>);
}

TEST(OrderStored, StillReadsEveryFormThatWasEverStored) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{golden_folder}) {
    if (entry.is_directory() || entry.path().filename().string().starts_with("snapshot."))
      continue;
    const auto golden = read_json(entry.path());
    const auto decoded = decode(from_golden(golden));
    ASSERT_TRUE(decoded) << entry.path();
    EXPECT_EQ(*decoded, sample_of(golden.at("type"))) << entry.path();
    ++files;
  }
  EXPECT_GE(files, std::variant_size_v<event>);
}

TEST(OrderStored, TellsARefundThatIsPendingFromOneThatWasPaid) {
  const event pending = payment_refunded{"refund-1", total, true};
  const event paid = payment_refunded{"refund-1", total, false};
  EXPECT_EQ(*decode(stored_sample(pending)), pending);
  EXPECT_EQ(*decode(stored_sample(paid)), paid);
  const auto s = after(with(until_confirmed(), {cancel_requested{}, pending}));
  EXPECT_EQ(s.timeline.back().detail, "refund-1, pending");
}

TEST(OrderStored, TellsWhyAnAttemptWasNotRepeatedWhereThatIsKnown) {
  const event explained =
    attempt_failed{step::authorize, 2, ec::circuit_open, noon + 5s, "breaker \"x\" (a.yaml:1): open"};
  EXPECT_EQ(*decode(stored_sample(explained)), explained);
  EXPECT_EQ(golden_form(encode(explained)), read_json(golden_folder / "explained/attempt_failed.1.json"));
  const auto s = after(with(until_reserved(), {explained}));
  EXPECT_EQ(s.timeline.back().detail, "authorize 2: circuit_open, breaker \"x\" (a.yaml:1): open");
  const event plain = attempt_failed{step::authorize, 2, ec::timed_out, noon + 5s};
  EXPECT_EQ(encode(plain).data.find("why"), std::string::npos);
}

TEST(OrderStored, TellsARetryThatIsDamagedFromOneThatIsNot) {
  const auto refused = [](const std::string& retries) {
    const auto data = R"({"step":"authorize","retries":)" + retries + '}';
    const auto decoded = decode(stored_as({"order.call_retried", 1, data, {}}));
    return !decoded && decoded.error() == ec::store_damaged;
  };
  EXPECT_FALSE(refused("[]"));
  EXPECT_FALSE(refused(R"([{"at":1,"operation":"find","what":"hedged","why":""}])"));
  EXPECT_TRUE(refused("{}"));
  EXPECT_TRUE(refused("[1]"));
  EXPECT_TRUE(refused(R"([{"at":1,"operation":"find","what":"hedged"}])"));
  EXPECT_TRUE(refused(R"([{"at":"1","operation":"find","what":"hedged","why":""}])"));
}

TEST(OrderStored, KeepsPersonalDataApart) {
  for (const auto& x : one_of_every_kind()) {
    const auto form = encode(x);
    for (const auto* personal : {"ada@example.org", "Ada", "Long Street", "twice"})
      EXPECT_EQ(form.data.find(personal), std::string::npos) << form.type;
  }
  EXPECT_NE(encode(some_placed()).personal.find("ada@example.org"), std::string::npos);
}

TEST(OrderStored, IsReadAfterItsPersonalDataWasErased) {
  auto form = encode(some_placed());
  form.personal.clear();
  auto expected = some_placed();
  expected.email.clear();
  expected.shipping.reset();
  const auto decoded = decode(stored_as(form));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, event{expected});
}

TEST(OrderStored, KeepsTextAsItWas) {
  auto e = some_placed();
  e.email = std::string{"\"\\/\b\f\n\r\t\x01 \xC3\xA9 \xF0\x9F\x91\x9F"};
  const auto decoded = decode(stored_sample(e));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<placed>(*decoded).email, e.email);
}

TEST(OrderStored, RefusesATypeOrASchemaOfANewerRelease) {
  auto newer_schema = stored_sample(confirmed{});
  newer_schema.schema = 2;
  auto newer_type = stored_sample(confirmed{});
  newer_type.type = "order.teleported";
  auto foreign = stored_sample(confirmed{});
  foreign.type = "inventory.reserved";
  for (const auto& x : {newer_schema, newer_type, foreign})
    EXPECT_EQ(code_of(decode(x).error()), ec::unknown_type);
}

TEST(OrderStored, RefusesAnInstantThatNothingCanBeAddedTo) {
  const auto refused = [](const std::string& instant) {
    return !decode(stored_as({"order.stock_reserved", 1, "{\"expires_at\":" + instant + '}', {}}));
  };
  EXPECT_FALSE(refused("1772366400000"));
  EXPECT_TRUE(refused("9223372036854775807"));
  EXPECT_TRUE(refused("-9223372036854775808"));
}

TEST(OrderStored, RefusesWhatIsDamaged) {
  const auto form = encode(payment_captured{total});
  const auto refused = [&](const std::string& data) {
    const auto decoded = decode(stored_as({form.type, 1, data, {}}));
    return !decoded && decoded.error() == ec::store_damaged;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("{"));
  EXPECT_TRUE(refused("[]"));
  EXPECT_TRUE(refused("null"));
  EXPECT_TRUE(refused(R"({"amount":1})"));
  EXPECT_TRUE(refused(R"({"amount":{"minor":1.5,"currency":"EUR"}})"));
  EXPECT_TRUE(refused(R"({"amount":{"minor":18446744073709551615,"currency":"EUR"}})"));
  EXPECT_TRUE(refused(R"({"amount":{"minor":1,"currency":"ABC"}})"));
  EXPECT_FALSE(refused(R"({"amount":{"minor":1,"currency":"EUR"}})"));
  EXPECT_EQ(code_of(decode(stored_as({form.type, 0, form.data, {}})).error()), ec::store_damaged);
}

// ---- snapshots -----------------------------------------------------------------------------------------------------

std::vector<std::vector<event>> histories() {
  return {{},
          until_placed(),
          with(until_placed(), {rejected{1, "sock", "out_of_stock"}}),
          with(until_reserved(), {attempt_failed{step::authorize, 2, ec::timed_out, noon + 1s}}),
          with(until_reserved(), {some_retry(), attempt_failed{step::authorize, 2, ec::timed_out, noon + 1s}}),
          until_allocated(false),
          until_confirmed(),
          with(until_confirmed(), {cancel_requested{"why not"}, payment_refunded{"r-1", total}}),
          with(until_authorized(), {sent_to_review{step::authorize, "second payment pay-2"}}),
          with(until_reserved(), {cancel_requested{"why not"}, sent_to_review{step::authorize, "unknown"}}),
          with(until_reserved(), {sent_to_review{step::authorize, "unknown"}, reopened{"letter-1/1"}})};
}

TEST(OrderSnapshot, GoesOnAsTheOrderWould) {
  for (const auto& history : histories()) {
    const auto s = after(history);
    const auto back = decode_snapshot(encode_snapshot(s), snapshot_schema);
    ASSERT_TRUE(back);
    EXPECT_EQ(encode_snapshot(*back), encode_snapshot(s));
    EXPECT_EQ(outstanding(some_id, *back, noon + 1h, standard), outstanding(some_id, s, noon + 1h, standard));
    EXPECT_EQ(wake_up(*back, standard), wake_up(s, standard));
    EXPECT_EQ(back->email, s.email);
    EXPECT_EQ(back->shipping, s.shipping);
    EXPECT_EQ(back->reason, s.reason);
    EXPECT_EQ(back->timeline.size(), s.timeline.size());
  }
}

TEST(OrderSnapshot, KeepsItsStoredForm) {
  const auto s = after(with(until_confirmed(), {cancel_requested{"why not"}, payment_refunded{"r-1", total}}));
  EXPECT_EQ(json::parse(encode_snapshot(s)), read_json(golden_folder / "snapshot.1.json"));
}

TEST(OrderSnapshot, NeedsEveryPartOfIt) {
  const auto whole = json::parse(encode_snapshot(after(until_confirmed())));
  for (const auto& [key, value] : whole.items()) {
    auto part = whole;
    part.erase(key);
    EXPECT_EQ(code_of(decode_snapshot(part.dump(), snapshot_schema).error()), ec::store_damaged) << key;
  }
}

TEST(OrderSnapshot, OfANewerReleaseIsRefused) {
  EXPECT_EQ(code_of(decode_snapshot(encode_snapshot(state{}), snapshot_schema + 1).error()), ec::unknown_type);
  EXPECT_EQ(code_of(decode_snapshot("{", snapshot_schema).error()), ec::store_damaged);
}

// ---- the public form -----------------------------------------------------------------------------------------------

std::vector<event> everything_that_can_be_told() {
  auto all = one_of_every_kind();
  all.emplace_back(hold_expired{0, true});
  for (auto as : {status::rejected, status::declined, status::expired, status::refunded})
    all.emplace_back(closed{as});
  return all;
}

bool valid(const json& document, const json& description, std::string& why) {
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{description}, schema);
  valijson::ValidationResults results;
  valijson::Validator validator;
  const bool ok = validator.validate(schema, valijson::adapters::NlohmannJsonAdapter{document}, &results);
  valijson::ValidationResults::Error error;
  while (results.popError(error))
    why += error.description + "; ";
  return ok;
}

TEST(OrderPublic, FitsTheSchemaOfItsType) {
  for (const auto& x : everything_that_can_be_told()) {
    const auto told = to_public(stored_sample(x));
    if (!told)
      continue;
    const auto document = json::parse(to_json(*told));
    const auto schema = read_json(schema_folder / (told->event_type + ".json"));
    std::string why;
    EXPECT_TRUE(valid(document, schema, why)) << told->event_type << ": " << why;
    for (const auto& [key, value] : document.at("data").items())
      EXPECT_TRUE(schema.at("/properties/data/properties"_json_pointer).contains(key))
        << told->event_type << ' ' << key;
  }
}

TEST(OrderPublic, LeavesNothingOutThatItsSchemaAsksFor) {
  for (const auto& x : everything_that_can_be_told()) {
    const auto told = to_public(stored_sample(x));
    if (!told)
      continue;
    const auto schema = read_json(schema_folder / (told->event_type + ".json"));
    const auto whole = json::parse(to_json(*told));
    for (const auto& [key, value] : whole.at("data").items()) {
      auto part = whole;
      part.at("data").erase(key);
      std::string why;
      EXPECT_FALSE(valid(part, schema, why)) << told->event_type << " without " << key;
    }
  }
}

TEST(OrderPublic, HoldsNoPersonalData) {
  for (const auto& x : everything_that_can_be_told())
    if (const auto told = to_public(stored_sample(x))) {
      for (const auto* personal : {"ada@example.org", "Ada", "Long Street", "twice", "card-1"})
        EXPECT_EQ(to_json(*told).find(personal), std::string::npos) << told->event_type;
    }
}

TEST(OrderPublic, DoesNotTellWhatConcernsOnlyTheSaga) {
  EXPECT_FALSE(to_public(stored_sample(attempt_failed{})));
  EXPECT_FALSE(to_public(stored_sample(closed{status::rejected})));
}

TEST(OrderPublic, IsTheSameEventHoweverOftenItIsTold) {
  const auto x = stored_sample(confirmed{});
  EXPECT_EQ(to_public(x)->event_id, to_public(x)->event_id);
  auto next = x;
  next.version = 4;
  EXPECT_NE(to_public(x)->event_id, to_public(next)->event_id);
  auto other = x;
  other.stream.key = "0195c2f0-0000-7000-8000-000000000002";
  EXPECT_NE(to_public(x)->event_id, to_public(other)->event_id);
}

TEST(OrderPublic, NamesEveryEnd) {
  const auto name = [](status as) { return to_public(stored_sample(closed{as}))->event_type; };
  EXPECT_EQ(name(status::declined), "OrderDeclined");
  EXPECT_EQ(name(status::expired), "OrderExpired");
  EXPECT_EQ(name(status::cancelled), "OrderCancelled");
  EXPECT_EQ(name(status::refunded), "OrderRefunded");
}

TEST(OrderPublic, HasTheEnvelopeOfADomainEvent) {
  const auto document = json::parse(to_json(*to_public(stored_sample(payment_captured{total}))));
  EXPECT_EQ(document.at("eventType"), "PaymentCaptured");
  EXPECT_EQ(document.at("eventTime"), "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(document.at("aggregateId"), some_id.value);
  EXPECT_EQ(document.at("aggregateType"), "order");
  EXPECT_EQ(document.at("version"), 3);
  EXPECT_EQ(document.at("data"), (json{{"orderId", some_id.value}, {"amount", 10'290}, {"currency", "EUR"}}));
  EXPECT_EQ(document.at("metadata").at("source"), "troupe/order");
  EXPECT_EQ(document.at("metadata").at("principal"), "anonymous");
}

TEST(OrderPublic, LeavesOutAPrincipalAndATraceThatAreNotKnown) {
  auto x = stored_sample(confirmed{});
  x.principal.clear();
  x.trace.clear();
  const auto metadata = json::parse(to_public(x)->metadata);
  EXPECT_FALSE(metadata.contains("principal"));
  EXPECT_FALSE(metadata.contains("trace"));
}

TEST(OrderPublic, HasNoSchemaThatNothingFits) {
  std::set<std::string> told;
  for (const auto& x : everything_that_can_be_told())
    if (const auto public_form = to_public(stored_sample(x)))
      told.insert(public_form->event_type);
  for (const auto& entry : std::filesystem::directory_iterator{schema_folder}) {
    const auto schema = read_json(entry.path());
    if (schema.at("/properties/aggregateType"_json_pointer).value("const", "") == "order") {
      EXPECT_TRUE(told.contains(entry.path().stem().string())) << entry.path();
    }
  }
}

// ---- the view ------------------------------------------------------------------------------------------------------

TEST(OrderView, ShowsAmountsPerLine) {
  const auto x = make_view(some_id, after(until_reserved()), 3);
  ASSERT_EQ(x.lines.size(), 2u);
  EXPECT_EQ(x.lines[0].price, eur(5'000));
  EXPECT_EQ(x.lines[0].amount, eur(10'000));
  EXPECT_EQ(x.total, total);
  EXPECT_EQ(x.version, 3u);
}

TEST(OrderView, ShowsNoPriceBeforeThereIsOne) {
  const auto x = make_view(some_id, after(until_placed()), 1);
  EXPECT_EQ(x.lines[0].price, std::nullopt);
  EXPECT_EQ(x.total, std::nullopt);
  EXPECT_EQ(x.authorized, eur(0));
  EXPECT_EQ(x.captured, eur(0));
}

TEST(OrderView, ShowsWhatIsSetAsideUntilItIsVoided) {
  EXPECT_EQ(make_view(some_id, after(until_authorized()), 4).authorized, total);
  const auto voided = with(until_authorized(), {cancel_requested{}, payment_voided{}});
  EXPECT_EQ(make_view(some_id, after(voided), 6).authorized, eur(0));
}

TEST(OrderView, GivesTheReasonOfAnEndThatIsNotTheWantedOne) {
  EXPECT_EQ(make_view(some_id, after(until_confirmed()), 8).reason, "");
  const auto declined = with(until_reserved(), {payment_declined{"stolen_card"}});
  EXPECT_EQ(make_view(some_id, after(declined), 4).reason, "");
  const auto ended = with(declined, {stock_released{}, closed{status::declined}});
  EXPECT_EQ(make_view(some_id, after(ended), 6).reason, "stolen_card");
}

TEST(OrderRejectionCode, IsTheSameAfterBeingText) {
  for (std::uint8_t value = 1; value <= 10; ++value) {
    rejection x;
    ASSERT_TRUE(from_integer(value, x));
    rejection back;
    ASSERT_TRUE(from_string(to_string(x), back));
    EXPECT_EQ(x, back);
  }
  rejection x;
  EXPECT_FALSE(from_integer(11, x));
  EXPECT_FALSE(from_string("nonsense", x));
}

} // namespace
} // namespace troupe::order
