#include "supervisors/dead_letters/sealer.hpp"
#include "supervisors/dead_letters/webhooks.hpp"
#include "tests/support/folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

namespace troupe {
namespace {

class Sealer : public ::testing::Test {
protected:
  test::scratch_folder folder;
  sealer seals{folder / "dead-letters.key"};
};

TEST_F(Sealer, OpensWhatItSealed) {
  for (const auto& text : {std::string{}, std::string{"ada@example.org"}, std::string(100'000, '\0')}) {
    const auto sealed = seals.seal(text, "letter-1");
    EXPECT_EQ(seals.open(sealed, "letter-1"), text);
  }
}

TEST_F(Sealer, ShowsNothingOfTheText) {
  const auto sealed = seals.seal("ada@example.org", "letter-1");
  EXPECT_EQ(sealed.find("ada"), std::string::npos);
  EXPECT_NE(sealed, seals.seal("ada@example.org", "letter-1")) << "equal texts must not look equal";
}

TEST_F(Sealer, OpensForItsSubjectOnly) {
  EXPECT_FALSE(seals.open(seals.seal("text", "letter-1"), "letter-2"));
}

TEST_F(Sealer, NoticesEachChangedByte) {
  const auto sealed = seals.seal("text", "letter-1");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(seals.open(changed, "letter-1")) << i;
  }
  EXPECT_FALSE(seals.open(sealed.substr(0, sealed.size() - 1), "letter-1"));
  EXPECT_FALSE(seals.open("", "letter-1"));
}

TEST_F(Sealer, KeepsItsKeyForItsUserAlone) {
  struct stat about {};
  ASSERT_EQ(::stat((folder / "dead-letters.key").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  const sealer again{folder / "dead-letters.key"};
  EXPECT_EQ(again.open(seals.seal("text", "x"), "x"), "text");
  const sealer other{folder / "another.key"};
  EXPECT_FALSE(other.open(seals.seal("text", "x"), "x"));
}

TEST_F(Sealer, RefusesAFileThatHoldsNoKey) {
  const auto file = folder / "short.key";
  std::ofstream{file} << "0123456789abcdef0123456789abcdef\n";
  ::chmod(file.c_str(), 0600);
  try {
    const sealer wrong{file};
    FAIL() << "took a key of 16 bytes";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string{e.what()}.find(file), std::string::npos) << e.what();
  }
}

TEST_F(Sealer, HidesARefusedWebhook) {
  const std::string body = R"({"email":"ada@example.org"})";
  const auto letter = refused_webhook("stripe", body, seals);
  EXPECT_EQ(letter.id, refused_webhook("stripe", body, seals).id) << "sent twice, it is one letter";
  EXPECT_NE(letter.id, refused_webhook("stripe", body + ' ', seals).id);
  EXPECT_EQ(letter.letter.summary.find("ada"), std::string::npos);
  EXPECT_EQ(seals.open(letter.letter.sealed, letter.id.value), body);
}

} // namespace
} // namespace troupe
