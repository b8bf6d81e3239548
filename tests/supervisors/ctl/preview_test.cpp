#include "supervisors/ctl/ctl.hpp"

#include "tests/support/folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace troupe::ctl {
namespace {

struct outcome {
  int exit = -1;
  std::string out;
  std::string err;
};

outcome preview(const std::string& folder, const std::string& name, mail_part part) {
  outcome x;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  x.exit = preview_mail(folder, name, part);
  x.out = ::testing::internal::GetCapturedStdout();
  x.err = ::testing::internal::GetCapturedStderr();
  return x;
}

TEST(CtlPreview, ShowsAPartOrAllOfATemplate) {
  const auto html = preview("", "order_confirmation", mail_part::html);
  EXPECT_EQ(html.exit, 0);
  EXPECT_TRUE(html.out.starts_with("<!DOCTYPE html>")) << html.out;
  const auto text = preview("", "order_confirmation", mail_part::text);
  EXPECT_TRUE(text.out.starts_with("Thank you")) << text.out;
  const auto all = preview("", "order_confirmation", mail_part::all);
  EXPECT_TRUE(all.out.starts_with("Subject: ")) << all.out;
  EXPECT_NE(all.out.find(text.out), std::string::npos);
  EXPECT_NE(all.out.find(html.out), std::string::npos);
}

TEST(CtlPreview, NamesTheTemplatesThatThereAre) {
  const auto x = preview("", "nothing", mail_part::all);
  EXPECT_EQ(x.exit, 1);
  EXPECT_TRUE(x.out.empty());
  EXPECT_NE(x.err.find("only default order_confirmation"), std::string::npos) << x.err;
}

TEST(CtlPreview, FailsForAFileThatIsWrong) {
  test::scratch_folder folder;
  std::ofstream{folder / "order_confirmation.txt"} << "{{#items}}";
  const auto x = preview(folder.path(), "order_confirmation", mail_part::text);
  EXPECT_EQ(x.exit, 1);
  EXPECT_NE(x.err.find("order_confirmation.txt: "), std::string::npos) << x.err;
}

} // namespace
} // namespace troupe::ctl
