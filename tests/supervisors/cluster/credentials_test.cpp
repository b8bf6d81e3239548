#include "supervisors/cluster/credentials.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/program.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace troupe::cluster {
namespace {

using namespace std::chrono_literals;
using change = credentials::change;

class ClusterCredentials : public ::testing::Test {
protected:
  std::string in_folder(const std::string& name) const { return (folder.path() / name).string(); }

  static void put(const std::string& file, const std::string& text) { std::ofstream{file} << text; }

  static std::string text_of(const std::string& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  void use(const test::certificates::pair& x) {
    put(shown.certificate, text_of(x.certificate));
    put(shown.key, text_of(x.key));
  }

  std::string why_refused(time_point at) const {
    try {
      const credentials x{shown, at};
      return {};
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }

  /// Certificates begin when they are made.
  time_point now = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()) + 1min;
  test::temporary_folder folder;
  test::certificates own{folder.path().string()};
  credential_files shown{in_folder("shown.pem"), in_folder("shown.key"), own.ca};
};

TEST_F(ClusterCredentials, EndWithTheFirstCertificateOfTheirChain) {
  use(own.sign("a day", 1));
  const credentials x{shown, now};
  EXPECT_GT(x.ends(), now + 23h);
  EXPECT_LT(x.ends(), now + 25h);
  EXPECT_TRUE(x.in_use());
}

TEST_F(ClusterCredentials, AreRefusedWithTheFileAndTheReason) {
  use(own.sign("mine"));
  EXPECT_EQ(why_refused(now), "");
  EXPECT_NE(why_refused(now + 72h).find("shown.pem: other nodes would not believe it: certificate has expired"),
            std::string::npos);
  EXPECT_NE(why_refused(now - 72h).find("not yet valid"), std::string::npos);

  put(shown.key, text_of(own.sign("other").key));
  EXPECT_NE(why_refused(now).find("shown.key: is not the key of "), std::string::npos);
  put(shown.key, "none");
  EXPECT_NE(why_refused(now).find("shown.key: holds no key"), std::string::npos);
  put(shown.certificate, "none");
  EXPECT_NE(why_refused(now).find("shown.pem: holds no certificate"), std::string::npos);

  const test::certificates foreign{folder.path().string(), "foreign"};
  use({foreign.certificate, foreign.key});
  EXPECT_NE(why_refused(now).find("shown.pem: other nodes would not believe it: "), std::string::npos);
  std::filesystem::remove(shown.key);
  EXPECT_NE(why_refused(now).find("shown.key: cannot be read: "), std::string::npos);
}

TEST_F(ClusterCredentials, AreReplacedAsAWholeOrNotAtAll) {
  const auto before = own.sign("before", 1);
  const auto after = own.sign("after", 2);
  use(before);
  credentials x{shown, now};
  const auto first = x.in_use();
  EXPECT_EQ(x.look(now).what, change::none);
  EXPECT_EQ(x.in_use(), first);

  put(shown.certificate, text_of(after.certificate)); // Its key has not come yet.
  EXPECT_EQ(x.look(now).what, change::refused);
  EXPECT_TRUE(x.is_refused());
  EXPECT_EQ(x.look(now).what, change::none);
  EXPECT_EQ(x.in_use(), first);
  EXPECT_LT(x.ends(), now + 25h);

  put(shown.key, text_of(after.key));
  EXPECT_EQ(x.look(now).what, change::replaced);
  EXPECT_FALSE(x.is_refused());
  EXPECT_NE(x.in_use(), first);
  EXPECT_GT(x.ends(), now + 25h);
}

TEST_F(ClusterCredentials, AreUsedOnceTheyAreGoodThoughTheyWereRefused) {
  use(own.sign("before"));
  credentials x{shown, now};
  put(shown.certificate, text_of(shown.certificate) + "\n");
  EXPECT_EQ(x.look(now + 72h).what, change::refused);
  EXPECT_EQ(x.look(now).what, change::replaced);
}

} // namespace
} // namespace troupe::cluster
