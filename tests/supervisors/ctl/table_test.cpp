#include "supervisors/ctl/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace troupe::ctl {
namespace {

TEST(CtlTable, PrintsNoControlCharacterOfAnybody) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\n\t\x7f" + std::string(1, '\0')), "a?[2Jb?????");
  EXPECT_EQ(printable("\xC2\x9B\x31m"), "?1m") << "U+009B begins a sequence as ESC [ does";
  EXPECT_EQ(printable("\xC2\x80 \xC2\x9F"), "? ?");
}

TEST(CtlTable, LeavesOtherTextsAsTheyAre) {
  for (const auto* text : {"", "Zoë Öztürk", "\xC2\xA0", "日本", "~ok~", "\xC2"})
    EXPECT_EQ(printable(text), text);
}

TEST(CtlTable, CountsCharactersRatherThanBytes) {
  table rows{{"A", "B"}};
  rows.add({"é", "x"});
  std::ostringstream out;
  rows.print(out, false);
  EXPECT_EQ(out.str(), "A  B\né  x\n");
}

TEST(CtlTable, GoesOnInTheColumnsThatItBegan) {
  table rows{{"A", "B"}};
  rows.add({"long", "x"});
  std::ostringstream out;
  rows.print(out, false);
  rows.add({"a", "y"});
  rows.print(out, false);
  rows.print(out, false);
  EXPECT_EQ(out.str(), "A     B\nlong  x\na     y\n");
}

} // namespace
} // namespace troupe::ctl
