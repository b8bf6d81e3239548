#include "adapters/email/registry.hpp"

#include "tests/support/deterministic_system.hpp"

namespace troupe::email {
namespace {

provider_options options(std::string kind) {
  provider_options x;
  x.name = "main";
  x.kind = std::move(kind);
  return x;
}

TEST(EmailRegistry, SaysWhichFieldIsWrong) {
  EXPECT_TRUE(problem_with(options("fax")).starts_with("kind: "));
  for (const auto* kind : {"resend", "sendgrid"}) {
    auto x = options(kind);
    EXPECT_TRUE(problem_with(x).starts_with("api_key: "));
    x.api_key = "k";
    EXPECT_EQ(problem_with(x), "");
    x.base_url = "ftp://x";
    EXPECT_TRUE(problem_with(x).starts_with("base_url: "));
  }
  auto x = options("smtp");
  EXPECT_TRUE(problem_with(x).starts_with("url: "));
  x.url = "smtp://mail.example.com";
  EXPECT_EQ(problem_with(x), "");
  x.user = "shop";
  EXPECT_TRUE(problem_with(x).starts_with("password: "));
  x.password = "secret";
  EXPECT_EQ(problem_with(x), "");
  x.start_tls = "offered";
  EXPECT_TRUE(problem_with(x).starts_with("start_tls: ")) << "a password in clear";
  x.url = "smtps://mail.example.com";
  EXPECT_EQ(problem_with(x), "") << "encrypted from the first byte";
  x.start_tls = "sometimes";
  EXPECT_TRUE(problem_with(x).starts_with("start_tls: "));
  x = options("simulated");
  EXPECT_EQ(problem_with(x), "");
  x.timeout = duration{0};
  EXPECT_TRUE(problem_with(x).starts_with("timeout: "));
}

class EmailRegistryActors : public test::deterministic_system {};

TEST_F(EmailRegistryActors, RefuseOptionsWithAProblem) {
  const surroundings s{sys, {}, [this] { return now(); }, [] { return 1u; }, std::make_shared<renderer>(), {}, {}};
  EXPECT_THROW(spawn_mailer(s, options("fax")), std::logic_error);
}

} // namespace
} // namespace troupe::email
