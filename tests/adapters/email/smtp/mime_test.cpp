#include "adapters/email/smtp/mime.hpp"

#include <gtest/gtest.h>

namespace troupe::email::smtp {
namespace {

TEST(Mime, ReadsAMailInTwoForms) {
  const auto x = parse_mail("From: Shop <a@b>\r\nTo: Ada <ada@example.org>\r\nSubject: =?UTF-8?B?R3LDvMOf?=\r\n"
                            " =?utf-8?q?e_=3D)?= and more\r\nMessage-ID: <m-1@b>\r\n"
                            "Content-Type: multipart/alternative; charset=x; boundary=\"b=1\"\r\n\r\n"
                            "preamble\r\n--b=1\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n--b=1\r\n"
                            "Content-Type: TEXT/HTML\r\nContent-Transfer-Encoding: Base64\r\n\r\nPGI+aGk8\r\nL2I+\r\n"
                            "--b=1--\r\nepilogue\r\n");
  EXPECT_EQ(x.from, "Shop <a@b>");
  EXPECT_EQ(x.to, "Ada <ada@example.org>");
  EXPECT_EQ(x.subject, "Gr\xc3\xbc\xc3\x9f"
                       "e =) and more");
  EXPECT_EQ(x.message_id, "m-1@b");
  EXPECT_EQ(x.text, "Gr\xc3\xbc\xc3\x9f"
                    "e");
  EXPECT_EQ(x.html, "<b>hi</b>");
}

TEST(Mime, ReadsAPlainMail) {
  const auto x = parse_mail("subject: a\r\n\tb\n\nbody\r\n");
  EXPECT_EQ(x.subject, "a\tb");
  EXPECT_EQ(x.text, "body\r\n");
  EXPECT_EQ(parse_mail("Subject: =?iso-8859-1?q?Stra=DFe?=\r\n\r\n").subject, "Stra\xc3\x9f"
                                                                              "e");
}

TEST(Mime, ShowsWhatItDoesNotUnderstandAsItCame) {
  for (const auto* subject : {"=?", "=?utf-8", "=?utf-8?b", "=?utf-8?b?", "=?utf-8?x?y?=", "100% =3"})
    EXPECT_EQ(parse_mail("Subject: " + std::string{subject} + "\r\n\r\n").subject, subject);
  EXPECT_EQ(parse_mail("Content-Transfer-Encoding: quoted-printable\r\n\r\n=\xff=G1=1").text, "=\xff=G1=1");
  EXPECT_EQ(parse_mail("").text, "");
  EXPECT_EQ(parse_mail("Content-Type: multipart/mixed\r\n\r\n--\r\nx").text, "") << "no boundary";
  EXPECT_EQ(parse_mail("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ncut off").text, "cut off");
}

TEST(Mime, EndsWithPartsInsideParts) {
  std::string mail;
  for (int i = 0; i < 1'000; ++i)
    mail +=
      "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" + std::to_string(i) + "\r\n";
  EXPECT_EQ(parse_mail(mail + "\r\ndeep").text, "");
  std::string many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 200; ++i)
    many += "--b\r\nContent-Type: image/png\r\n\r\nx\r\n";
  EXPECT_EQ(parse_mail(many + "--b\r\n\r\nlate\r\n--b--").text, "");
}

} // namespace
} // namespace troupe::email::smtp
