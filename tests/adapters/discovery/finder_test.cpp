#include "adapters/discovery/finder.hpp"

#include "adapters/discovery/static_list.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace troupe::discovery {
namespace {

using namespace std::chrono_literals;

const time_point noon{12h};

TEST(Address, IsReadAsItIsWritten) {
  for (const address& x : {address{"10.0.0.1", 9400}, address{"node-1.shop_a", 1}, address{"fd00::1", 65'535}})
    EXPECT_EQ(parse_address(to_string(x)), x) << to_string(x);
  EXPECT_EQ(to_string(address{"fd00::1", 80}), "[fd00::1]:80");
}

TEST(Address, IsNothingElse) {
  for (const auto* text : {"", ":", ":80", "a", "a:", "a:0", "a:65536", "a:+1", "a:1 ", " a:1", "a b:1", "fd00::1:80",
                           "[fd00::1]", "[a]:1", "[]:1", "http://a:1", "a:1:2", "a:-1"})
    EXPECT_FALSE(parse_address(text)) << text;
}

TEST(StaticList, AnswersWhatItWasGivenInOrderAndNoneTwice) {
  const auto list = make_static_list({"b:1", "a:2", "b:1", "a:1"});
  ASSERT_TRUE(list);
  EXPECT_EQ(*(*list)->find(), (std::vector<address>{{"a", 1}, {"a", 2}, {"b", 1}}));
}

TEST(StaticList, NamesWhatIsNoAddress) {
  const auto bad = make_static_list({"a:1", "b"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(to_string(bad.error()), "refused(\"'b' is no address; host:port is wanted\")");
  EXPECT_EQ(make_static_list({}).error(), ec::refused);
}

class scripted : public finder {
public:
  using answer = caf::expected<std::vector<address>>;

  explicit scripted(std::deque<answer> answers) : answers_(std::move(answers)) {}
  answer find() override {
    auto result = std::move(answers_.front());
    answers_.pop_front();
    return result;
  }

private:
  std::deque<answer> answers_;
};

TEST(KeptFinder, KeepsTheLastGoodAnswerAndTellsItsAge) {
  const std::vector<address> first{{"a", 1}};
  const std::vector<address> second{{"b", 1}};
  const auto down = caf::make_error(ec::timed_out, std::string{"no answer in time"});
  kept_finder x{std::make_unique<scripted>(std::deque<scripted::answer>{down, first, down, down, second})};
  EXPECT_EQ(x.find(noon).error(), ec::timed_out); // There is no good one yet.

  auto answer = x.find(noon);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses, first);
  EXPECT_EQ(answer->age, 0ms);
  EXPECT_FALSE(answer->failure);

  answer = x.find(noon + 10s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses, first);
  EXPECT_EQ(answer->age, 10s);
  EXPECT_EQ(answer->failure, ec::timed_out);
  EXPECT_EQ(x.find(noon - 1s)->age, 0ms);

  answer = x.find(noon + 20s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses, second);
  EXPECT_EQ(answer->age, 0ms);
  EXPECT_FALSE(answer->failure);
}

} // namespace
} // namespace troupe::discovery
