#include "adapters/email/message.hpp"

#include "tests/adapters/email/samples.hpp"

namespace troupe::email {
namespace {

using notification::mail_refusal;
using notification::mailbox;

TEST(MailMessage, IsRenderedAndItsHeadersAreSingleLines) {
  auto mail = test::some_mail();
  mail.to.name = "Ada\r\nBcc: eve@example.org";
  mail.model = R"({"orderId":"o-1\r\nBcc: eve@example.org"})";
  const auto made = compose(mail, renderer{});
  ASSERT_TRUE(made);
  for (const auto* line : {&made->to.name, &made->subject})
    EXPECT_EQ(line->find_first_of("\r\n"), std::string::npos) << *line;
}

TEST(MailMessage, HasASubjectThatFitsALine) {
  auto mail = test::some_mail();
  std::string name;
  for (int i = 0; i < 500; ++i)
    name += "\xc3\xa4";
  mail.model = R"({"orderId":")" + name + "\"}";
  const auto made = compose(mail, renderer{});
  ASSERT_TRUE(made);
  EXPECT_LE(made->subject.size(), 300u);
  EXPECT_TRUE(made->subject.ends_with("\xc3\xa4")) << "never half of a character";
}

TEST(MailMessage, IsRefusedForAnInvalidAddressAndABrokenTemplate) {
  EXPECT_EQ(compose(test::some_mail("nobody"), renderer{}).error(), mail_refusal::invalid_address);
  auto mail = test::some_mail();
  mail.template_name = "unknown";
  EXPECT_EQ(compose(mail, renderer{}).error(), mail_refusal::template_error);
}

TEST(Mailbox, IsReadAsItIsWritten) {
  for (const mailbox& x : {mailbox{"ada@example.org", ""}, mailbox{"ada@example.org", "Ada L"},
                           mailbox{"ada@example.org", "L., \"Ada\" \\ <x>"}}) {
    const auto read = parse_mailbox(to_header(x));
    ASSERT_TRUE(read) << to_header(x);
    EXPECT_EQ(*read, x) << to_header(x);
  }
  EXPECT_EQ(to_header({"a@b", "Shop, Inc."}), "\"Shop, Inc.\" <a@b>");
  for (const auto* bad : {"", "Ada", "Ada <ada>", "<a@b", "a@b>", "Ada <a@b\r\nX: y>"})
    EXPECT_FALSE(parse_mailbox(bad)) << bad;
}

} // namespace
} // namespace troupe::email
