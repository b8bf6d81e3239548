// tests/contract/email_contract_test.cpp: what a mail relies on, of every kind of mail provider.
#include "adapters/email/registry.hpp"
#include "adapters/email/resend/twin.hpp"
#include "adapters/email/sendgrid/twin.hpp"
#include "adapters/email/smtp/sink.hpp"
#include "tests/adapters/email/samples.hpp"
#include "tests/adapters/payment/scripted_client.hpp"
#include "tests/support/deterministic_system.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>

namespace troupe::email {
namespace {

using namespace std::chrono_literals;
using notification::accepted;
using notification::mail_refusal;
using notification::send_mail;

enum class wire_state : std::uint8_t { up, down, answers_lost };

/// What stands behind the wire of one kind over HTTP. A new kind needs an entry here.
std::function<http::response(const http::request&, time_point)> twin_of(std::string_view kind, inbox& letters,
                                                                        const random_fn& random) {
  if (kind == "resend") {
    auto twin = std::make_shared<resend::twin>(resend::twin_options{"secret", 0, 24h}, letters, random);
    return [twin](const http::request& r, time_point now) { return twin->handle(r, now); };
  }
  if (kind == "sendgrid") {
    auto twin = std::make_shared<sendgrid::twin>(sendgrid::twin_options{"secret", 0}, letters, random);
    return [twin](const http::request& r, time_point now) { return twin->handle(r, now); };
  }
  return {};
}

class EmailContract : public troupe::test::deterministic_system,
                      public ::testing::WithParamInterface<std::string_view> {
protected:
  void SetUp() override {
    behind = twin_of(GetParam(), letters, random);
    client.emplace(sys, [this](const http::call& call) -> caf::expected<http::response> {
      if (wire == wire_state::down)
        return caf::make_error(ec::unavailable);
      auto answer = behind(call.message, now());
      if (wire == wire_state::answers_lost)
        return caf::make_error(ec::interrupted);
      return answer;
    });
    surroundings s{sys, client->actor(), [this] { return now(); }, random, std::make_shared<renderer>(), {}, {}};
    s.make_smtp_client = [this](const provider_options&) { return smtp_client(); };
    mailer = spawn_mailer(s, options());
  }

  void TearDown() override {
    mailer = nullptr;
    deterministic_system::TearDown();
  }

  provider_options options(std::string key = "secret") const {
    provider_options x;
    x.name = "main";
    x.kind = GetParam();
    x.api_key = std::move(key);
    x.url = "smtp://mail.example";
    return x;
  }

  /// The sandbox's server behind a client that speaks to it without a socket.
  troupe::smtp::client_actor smtp_client() {
    return sys.spawn([this]() -> troupe::smtp::client_actor::behavior_type {
      return {[this](const troupe::smtp::submission& x) -> caf::result<troupe::smtp::reply> {
        if (wire == wire_state::down)
          return caf::make_error(ec::unavailable);
        smtp::sink_session session{[this](letter l) {
                                     l.at = now();
                                     letters.add(std::move(l));
                                     return smtp::sink_answer{"250 2.0.0 OK\r\n"};
                                   },
                                   [this](recipient_kind) { return often.fails(); }};
        std::string head;
        for (const auto& field : x.fields)
          head += field + "\r\n";
        std::string said;
        const std::string parts[] = {"EHLO x\r\n", "MAIL FROM:<" + x.from + ">\r\n", "RCPT TO:<" + x.to + ">\r\n",
                                     "DATA\r\n", head + "\r\n" + x.text + "\r\n.\r\n"};
        for (const auto& part : parts) {
          said = session.receive(part).text;
          if (said[0] == '4' || said[0] == '5')
            break;
        }
        if (wire == wire_state::answers_lost)
          return caf::make_error(ec::interrupted);
        return troupe::smtp::reply{std::stoi(said.substr(0, 3)), said.substr(4)};
      }};
    });
  }

  caf::expected<accepted> send(const send_mail& x, request_context context = {}) {
    auto response = self->request(mailer, caf::infinite, std::move(context), x);
    run();
    caf::expected<accepted> result{caf::sec::none};
    response.receive([&](accepted& a) { result = std::move(a); }, [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  bool has_wire() const { return GetParam() != "simulated"; }

  random_fn random = [n = std::uint64_t{7}]() mutable { return n = n * 6364136223846793005u + 1442695040888963407u; };
  inbox letters;
  every_other often;
  std::function<http::response(const http::request&, time_point)> behind;
  wire_state wire = wire_state::up;
  std::optional<troupe::test::scripted_client> client;
  notification::mailer_actor mailer;
};

TEST_P(EmailContract, SendsARenderedMail) {
  const auto got = send(test::some_mail());
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_FALSE(got->id.empty());
  if (!has_wire())
    return;
  ASSERT_EQ(letters.letters().size(), 1u);
  const auto& x = letters.letters().front();
  EXPECT_EQ(x.from, "The shop <shop@example.org>");
  EXPECT_EQ(x.to, "Ada <ada@example.org>");
  EXPECT_EQ(x.subject, "Your order o-1 is confirmed");
  EXPECT_NE(x.text.find("25.80 EUR"), std::string::npos);
}

TEST_P(EmailContract, AnswersTheSameIdForTheSameKeyWhereItSaysSo) {
  const auto first = send(test::some_mail());
  const auto second = send(test::some_mail());
  ASSERT_TRUE(first && second);
  if (GetParam() != "sendgrid") { // which sends what it is asked to send
    EXPECT_EQ(first->id, second->id);
  }
  if (GetParam() == "resend") {
    EXPECT_EQ(letters.taken(), 1u);
  }
}

TEST_P(EmailContract, SendsOtherKeysAsOtherMails) {
  auto other = test::some_mail();
  other.key = "o-2/confirmation";
  const auto first = send(test::some_mail());
  const auto second = send(other);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->id, second->id);
}

TEST_P(EmailContract, RefusesAnAddressThatIsNone) {
  EXPECT_EQ(send(test::some_mail("nobody")).error(), mail_refusal::invalid_address);
  EXPECT_EQ(send(test::some_mail("invalid@example.org")).error(), mail_refusal::invalid_address);
  EXPECT_EQ(letters.taken(), 0u);
}

TEST_P(EmailContract, TellsABlockedDomain) {
  EXPECT_EQ(send(test::some_mail("blocked@example.org")).error(), mail_refusal::blocked_domain);
}

TEST_P(EmailContract, TellsATemplateThatCannotBeRendered) {
  auto mail = test::some_mail();
  mail.template_name = "unknown";
  EXPECT_EQ(send(mail).error(), mail_refusal::template_error);
  mail = test::some_mail();
  mail.model = "no JSON";
  EXPECT_EQ(send(mail).error(), mail_refusal::template_error);
}

TEST_P(EmailContract, TellsALimitAndAProviderThatIsAway) {
  EXPECT_EQ(send(test::some_mail("limited@example.org")).error(), ec::rate_limited);
  EXPECT_TRUE(send(test::some_mail("limited@example.org")));
  auto other = test::some_mail("unavailable@example.org");
  other.key = "o-2/confirmation";
  EXPECT_EQ(send(other).error(), ec::unavailable);
  EXPECT_TRUE(send(other));
}

TEST_P(EmailContract, BeginsNothingAfterTheDeadline) {
  EXPECT_EQ(send(test::some_mail(), {"t", {}, now()}).error(), ec::deadline);
  EXPECT_EQ(letters.taken(), 0u);
}

TEST_P(EmailContract, KnowsWhetherAMailMayHaveBeenSent) {
  if (!has_wire())
    GTEST_SKIP() << "there is no wire to cut";
  wire = wire_state::down;
  const auto unsent = send(test::some_mail()).error();
  EXPECT_FALSE(may_have_acted(code_of(unsent)));
  EXPECT_EQ(letters.taken(), 0u);
  wire = wire_state::answers_lost;
  EXPECT_TRUE(may_have_acted(code_of(send(test::some_mail()).error())));
  EXPECT_EQ(letters.taken(), 1u);
}

TEST_P(EmailContract, SaysThatItsCredentialsAreWrong) {
  if (GetParam() == "simulated" || GetParam() == "smtp")
    GTEST_SKIP() << "takes any";
  surroundings s{sys, client->actor(), [this] { return now(); }, random, std::make_shared<renderer>(), {}, {}};
  mailer = spawn_mailer(s, options("another"));
  EXPECT_EQ(send(test::some_mail()).error(), ec::denied);
}

INSTANTIATE_TEST_SUITE_P(EveryKind, EmailContract, ::testing::ValuesIn(provider_kinds()),
                         [](const auto& x) { return std::string{x.param}; });

} // namespace
} // namespace troupe::email
