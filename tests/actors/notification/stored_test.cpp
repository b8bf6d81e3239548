#include "actors/notification/stored.hpp"

#include "actors/kernel/caf.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <set>

namespace troupe::notification {
namespace {

using namespace std::chrono_literals;

constexpr auto instant = time_point{1'772'366'400'123ms};

const std::vector<event>& samples() {
  static const std::vector<event> all{
    requested{{"ada@example.org", "Ada \"A\""}, "order_confirmation", R"({"orderId":"o-1"})", category::bulk, instant},
    attempt_failed{"resend", ec::rate_limited, 2, "sendgrid", instant},
    template_failed{"order_confirmation"},
    sent{"resend", "49a3999c"},
    skipped{"invalid_address"},
    given_up{"blocked_domain", "resend"},
    put_back{"01890a5d/replay/1", instant},
    time_extended{2h, instant},
  };
  return all;
}

journal::stored_event stored(const journal::encoded_event& x) {
  journal::stored_event out;
  out.stream = {"notification", "o-1/confirmation"};
  out.version = 1;
  out.type = x.type;
  out.schema = x.schema;
  out.data = x.data;
  out.personal = x.personal;
  return out;
}

/// With a request's personal data behind its public part.
std::string form_of(const journal::encoded_event& x) {
  return x.personal.empty() ? x.data : x.data + '\n' + x.personal;
}

TEST(NotificationStored, HasASampleOfEveryEvent) {
  std::set<std::size_t> seen;
  for (const auto& x : samples())
    seen.insert(x.index());
  EXPECT_EQ(seen.size(), std::variant_size_v<event>);
}

TEST(NotificationStored, WritesAndReadsTheFrozenForms) {
  for (const auto& x : samples()) {
    const std::string name{name_of(x)};
    SCOPED_TRACE(name);
    const auto encoded = encode(x);
    EXPECT_EQ(encoded.type, "notification." + name);
    EXPECT_EQ(form_of(encoded), test::golden("notification/" + name + ".1.json"));
    const auto read = decode(stored(encoded));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, x);
  }
}

TEST(NotificationStored, KeepsPersonalDataApart) {
  for (const auto& x : samples())
    for (const auto* personal : {"ada@example.org", "Ada", "orderId"})
      EXPECT_EQ(encode(x).data.find(personal), std::string::npos) << name_of(x);
}

TEST(NotificationStored, IsReadAfterItsPersonalDataWasErased) {
  auto form = encode(samples().front());
  form.personal.clear();
  const auto read = decode(stored(form));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<requested>(*read).to, mailbox{});
  EXPECT_EQ(std::get<requested>(*read).expires_at, instant);
}

TEST(NotificationStored, WritesAndReadsTheFrozenSnapshot) {
  state s;
  s.apply(samples()[0], instant);
  s.apply(attempt_failed{"resend", ec::unavailable, 0, "sendgrid", instant}, instant + 1s);
  s.apply(time_extended{2h, instant}, instant + 1s);
  const auto frozen = test::golden("notification/snapshot.2.json");
  EXPECT_EQ(encode_snapshot(s), frozen);
  const auto read = decode_snapshot(frozen, 2);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, s);
  EXPECT_EQ(*decode_snapshot("null", 2), state{});

  s.stood_still = duration{0};
  const auto older = decode_snapshot(test::golden("notification/snapshot.1.json"), 1);
  ASSERT_TRUE(older) << to_string(older.error());
  EXPECT_EQ(*older, s);
  EXPECT_EQ(*decode_snapshot("null", 1), state{});
  for (const event& e : {event{template_failed{"order_confirmation"}}, event{given_up{"timed_out", "resend"}},
                         event{put_back{"01890a5d/replay/1", instant}}}) {
    s.apply(e, instant + 2s);
    EXPECT_EQ(*decode_snapshot(encode_snapshot(s), 2), s) << name_of(e);
  }
}

TEST(NotificationStored, RefusesWhatItDoesNotUnderstand) {
  auto form = encode(samples()[1]);
  EXPECT_EQ(decode(stored({"notification.faxed", 1, "{}", ""})).error(), ec::unknown_type);
  EXPECT_EQ(decode(stored({form.type, 2, form.data, ""})).error(), ec::unknown_type);
  for (const std::string data : {"", "{", "null", "{}"})
    EXPECT_EQ(decode(stored({form.type, 1, data, ""})).error(), ec::store_damaged) << data;
  const auto at = form.data.find("rate_limited");
  form.data.replace(at, 4, "RATE");
  EXPECT_EQ(decode(stored(form)).error(), ec::store_damaged) << "an unknown code";
  EXPECT_EQ(decode_snapshot("{}", 1).error(), ec::store_damaged);
  EXPECT_EQ(decode_snapshot("null", snapshot_schema + 1).error(), ec::unknown_type);
}

} // namespace
} // namespace troupe::notification
