#include "adapters/payment/exchange.hpp"
#include "adapters/payment/failure.hpp"

#include <gtest/gtest.h>

namespace troupe::payment {
namespace {

using namespace std::chrono_literals;

const auto now = *parse_rfc3339("2026-03-01T12:00:00Z");

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(parse_retry_after("0", now), 0ms);
  EXPECT_EQ(parse_retry_after("7", now), 7000ms);
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), duration{24h});
}

TEST(RetryAfter, ReadsEveryFormOfADate) {
  EXPECT_EQ(parse_retry_after("Sun, 01 Mar 2026 12:00:30 GMT", now), 30s);
  EXPECT_EQ(parse_retry_after("Sunday, 01-Mar-26 12:01:00 GMT", now), 60s);
  EXPECT_EQ(parse_retry_after("Sun Mar  1 12:02:00 2026", now), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 0ms);
  EXPECT_EQ(parse_retry_after("Fri, 01 Mar 2030 12:00:00 GMT", now), duration{24h});
}

TEST(RetryAfter, PassesOverWhatItCannotRead) {
  for (const auto* text : {"", "-1", "1.5", "soon", "Sun, 31 Feb 2026 12:00:00 GMT", "Sun, 01 Mar 2026 25:00:00 GMT",
                           "Sun, 01 Mar 2026 12:00:00 CET", "Sun 01 Mar 2026 12:00:00 GMT GMT"})
    EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
}

ec code(int status, effect what) {
  return code_of(failure_of(http::response{status, {}, ""}, what, now));
}

TEST(PaymentFailure, TellsWhatAStatusMeans) {
  EXPECT_EQ(code(401, effect::write), ec::denied);
  EXPECT_EQ(code(403, effect::write), ec::denied);
  EXPECT_EQ(code(400, effect::write), ec::refused);
  EXPECT_EQ(code(404, effect::write), ec::refused);
  EXPECT_EQ(code(422, effect::write), ec::refused);
  EXPECT_EQ(code(408, effect::write), ec::unavailable);
  EXPECT_EQ(code(425, effect::write), ec::unavailable);
  EXPECT_EQ(code(503, effect::write), ec::unavailable);
  EXPECT_EQ(code(429, effect::write), ec::rate_limited);
  EXPECT_EQ(code(302, effect::write), ec::bad_response);
}

TEST(PaymentFailure, TakesABrokenWriteToHaveActed) {
  for (const int status : {409, 500, 502, 504, 599})
    EXPECT_TRUE(may_have_acted(code(status, effect::write))) << status;
  EXPECT_FALSE(may_have_acted(code(500, effect::read)));
}

TEST(PaymentFailure, CarriesTheWait) {
  const auto e = failure_of(http::response{503, {{"retry-after", "3"}}, ""}, effect::write, now);
  EXPECT_EQ(code_of(e), ec::unavailable);
  EXPECT_EQ(retry_after(e), 3000ms);
  EXPECT_EQ(retry_after(failure_of(http::response{503, {}, ""}, effect::write, now)), std::nullopt);
}

TEST(PaymentFailure, TakesAnHttpClientThatDiedToHaveSent) {
  EXPECT_EQ(code_of(failure_of(caf::make_error(caf::sec::broken_promise), effect::write)), ec::interrupted);
  EXPECT_EQ(code_of(failure_of(caf::make_error(caf::sec::broken_promise), effect::read)), ec::unavailable);
  EXPECT_EQ(code_of(failure_of(caf::make_error(ec::overloaded), effect::write)), ec::overloaded);
}

way_out way() {
  return {{}, "https://pay.example", 30s, [] { return now; }, [] { return std::uint64_t{0x10}; }};
}

TEST(PaymentCall, HasNoMoreTimeThanItsDeadlineLeaves) {
  EXPECT_EQ(make_call(way(), {}, {"GET", "/", {}, ""})->timeout, 30s);
  EXPECT_EQ(make_call(way(), {.principal = "", .trace = {}, .deadline = now + 2s}, {"GET", "/", {}, ""})->timeout, 2s);
  EXPECT_EQ(make_call(way(), {.principal = "", .trace = {}, .deadline = now + 60s}, {"GET", "/", {}, ""})->timeout,
            30s);
  EXPECT_EQ(make_call(way(), {.principal = "", .trace = {}, .deadline = now}, {"GET", "/", {}, ""}).error(),
            ec::deadline);
}

TEST(PaymentCall, CarriesTheTraceWithASpanOfItsOwn) {
  request_context context;
  context.trace = *trace_context::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const auto call = make_call(way(), context, {"GET", "/", {}, ""});
  EXPECT_EQ(http::find(call->message.fields, "traceparent"), "00-0af7651916cd43dd8448eb211c80319c-0000000000000011-01");
  EXPECT_TRUE(make_call(way(), {}, {"GET", "/", {}, ""})->message.fields.empty());
}

TEST(PaymentCall, EncodesWhatWouldChangeItsMeaning) {
  EXPECT_EQ(percent_encoded("a-Z_0.9~"), "a-Z_0.9~");
  EXPECT_EQ(percent_encoded("a/b?c=d&e f\xc3\xa9"), "a%2Fb%3Fc%3Dd%26e%20f%C3%A9");
  EXPECT_EQ(basic_credentials("Aladdin", "open"), "Basic QWxhZGRpbjpvcGVu");
  EXPECT_EQ(basic_credentials("a:b", "c"), "Basic YSUzQWI6Yw==");
}

} // namespace
} // namespace troupe::payment
