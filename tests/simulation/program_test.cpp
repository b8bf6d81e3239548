// troupe-simulate, as people run it.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace {

struct outcome {
  std::string text;
  int status = -1;
};

/// Runs the program with these arguments.
outcome simulate(const std::string& arguments) {
  outcome result;
  const auto command = std::string{TROUPE_SIMULATE} + ' ' + arguments + " 2>&1";
  auto* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr)
    return result;
  std::array<char, 4096> buffer;
  while (const auto size = fread(buffer.data(), 1, buffer.size(), pipe))
    result.text.append(buffer.data(), size);
  const auto status = pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

std::string line_after(const std::string& text, const std::string& begin) {
  const auto found = text.find(begin);
  if (found == std::string::npos)
    return {};
  return text.substr(found, text.find('\n', found) - found);
}

TEST(TroupeSimulate, TellsTheSameInEveryProcess) {
  const auto once = simulate("--seed 7 --seeds 10");
  EXPECT_EQ(once.status, 0) << once.text;
  const auto hash = line_after(once.text, "trace ");
  EXPECT_EQ(hash.size(), std::string{"trace "}.size() + 16) << once.text;
  EXPECT_EQ(line_after(simulate("--seed 7 --seeds 10").text, "trace "), hash);
  EXPECT_NE(line_after(simulate("--seed 8 --seeds 10").text, "trace "), hash);
}

TEST(TroupeSimulate, PrintsTheCommandThatReplaysAFailure) {
  const auto failed = simulate("--seed 1 --seeds 1000 --orders 10 --bug hasty_refund");
  EXPECT_EQ(failed.status, 1);
  const auto violation = line_after(failed.text, "seed ");
  auto command = line_after(failed.text, "troupe-simulate ");
  ASSERT_FALSE(command.empty()) << failed.text;
  command.erase(0, std::string{"troupe-simulate "}.size());
  EXPECT_TRUE(command.ends_with("--trace")) << command;
  const auto again = simulate(command);
  EXPECT_EQ(again.status, 1);
  EXPECT_NE(again.text.find('\n' + violation + '\n'), std::string::npos) << violation;
  EXPECT_NE(again.text.find(" is asked message("), std::string::npos) << "nothing was traced";
}

TEST(TroupeSimulate, RefusesABugThatItDoesNotKnowAndNamesThoseThatItDoes) {
  const auto refused = simulate("--bug bad_luck");
  EXPECT_EQ(refused.status, 2) << "like any other wrong use; 1 says that a run failed";
  EXPECT_NE(refused.text.find("unknown bug \"bad_luck\""), std::string::npos) << refused.text;
  EXPECT_NE(refused.text.find("stale_snapshot"), std::string::npos) << refused.text;
}

} // namespace
