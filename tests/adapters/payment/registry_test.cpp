#include "adapters/payment/registry.hpp"

#include "tests/adapters/payment/scripted_client.hpp"
#include "tests/support/deterministic_system.hpp"

namespace troupe::payment {
namespace {

provider_options options(std::string kind) {
  provider_options x;
  x.name = "main";
  x.kind = std::move(kind);
  return x;
}

TEST(PaymentRegistry, SaysWhichFieldIsWrong) {
  EXPECT_TRUE(problem_with(options("paypal")).starts_with("kind: "));
  EXPECT_TRUE(problem_with(options("stripe")).starts_with("api_key: "));
  EXPECT_TRUE(problem_with(options("rest")).starts_with("base_url: "));
  auto x = options("rest");
  x.base_url = "https://pay.example";
  EXPECT_TRUE(problem_with(x).starts_with("token: "));
  x.oauth_token_url = "https://id.example/token";
  EXPECT_TRUE(problem_with(x).starts_with("oauth.client_id: "));
  x.oauth_client_id = "shop";
  EXPECT_TRUE(problem_with(x).starts_with("oauth.client_secret: "));
  x.oauth_client_secret = "secret";
  EXPECT_EQ(problem_with(x), "");
  x.timeout = duration{0};
  EXPECT_TRUE(problem_with(x).starts_with("timeout: "));
  EXPECT_EQ(problem_with(options("simulated")), "");
}

class PaymentRegistryActors : public test::deterministic_system {};

TEST_F(PaymentRegistryActors, RefuseOptionsWithAProblem) {
  EXPECT_THROW(spawn_provider(
                 sys, options("paypal"), {}, [this] { return now(); }, [] { return 1u; }),
               std::logic_error);
}

TEST_F(PaymentRegistryActors, KnowHowLongKeysLive) {
  auto x = options("simulated");
  x.key_lifetime = std::chrono::hours{2};
  const auto made = spawn_provider(
    sys, x, {}, [this] { return now(); }, [] { return 1u; });
  EXPECT_EQ(made.key_lifetime, std::chrono::hours{2});
}

} // namespace
} // namespace troupe::payment
