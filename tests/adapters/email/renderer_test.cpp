#include "adapters/email/renderer.hpp"

#include "adapters/email/built_in.hpp"
#include "tests/adapters/email/samples.hpp"
#include "tests/support/folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

namespace troupe::email {
namespace {

class Renderer : public ::testing::Test {
protected:
  void write(const std::string& file, const std::string& text) { std::ofstream{folder / file} << text; }

  std::optional<content> render(const std::string& name, const std::string& model = "{}") {
    return renderer{folder.path()}.render(name, model);
  }

  troupe::test::scratch_folder folder;
};

TEST(BuiltInTemplates, AreRenderedWithTheirSamples) {
  const renderer templates;
  EXPECT_TRUE(templates.problems().empty());
  for (const auto& x : built_in_templates()) {
    const auto made = templates.render(std::string{x.name}, x.sample);
    ASSERT_TRUE(made) << x.name;
    EXPECT_FALSE(made->subject.empty());
    for (const auto* part : {&made->subject, &made->text, &made->html})
      EXPECT_EQ(part->find("{{"), std::string::npos) << *part;
    EXPECT_NE(made->text.find("40.70 EUR"), std::string::npos) << made->text;
    EXPECT_NE(made->html.find("40.70 EUR"), std::string::npos) << made->html;
  }
}

TEST(BuiltInTemplates, ShowEveryItemOfAnOrder) {
  const auto mail = test::some_mail();
  const auto made = renderer{}.render(mail.template_name, mail.model);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->subject, "Your order o-1 is confirmed");
  EXPECT_NE(made->text.find("2 x <b>tea</b>\n    12.90 EUR each, 25.80 EUR\n"), std::string::npos) << made->text;
  EXPECT_NE(made->html.find("&lt;b&gt;tea&lt;/b&gt;"), std::string::npos) << "escaped where it is HTML";
  EXPECT_EQ(made->html.find("<b>tea"), std::string::npos);
}

TEST(BuiltInTemplates, NeedNothingForTheDefaultOne) {
  EXPECT_TRUE(renderer{}.render("default", "{}"));
}

TEST_F(Renderer, TakesFilesInThePlaceOfBuiltInParts) {
  write("order_confirmation.subject", "Danke f\xc3\xbcr {{orderId}}\n");
  const auto made = render("order_confirmation", R"({"orderId":"o-1"})");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->subject, "Danke f\xc3\xbcr o-1");
  EXPECT_NE(made->text.find("Thank you"), std::string::npos) << "the other parts stay";
}

TEST_F(Renderer, EscapesByWhereAValueStands) {
  write("a.subject", "{{x}}");
  write("a.txt", "{{x}}");
  write("a.html", R"(<p title="{{x}}">{{x}}</p><a href="{{x}}">go</a>)");
  const auto made = render("a", R"({"x":"javascript:alert(\"1\")<&"})");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->text, "javascript:alert(\"1\")<&");
  EXPECT_EQ(made->html.find("<&"), std::string::npos) << made->html;
  EXPECT_EQ(made->html.find("href=\"javascript"), std::string::npos) << made->html;
}

TEST_F(Renderer, ShowsSectionsForListsTruthAndTexts) {
  write("a.subject", "s");
  write("a.html", "h");
  write("a.txt",
        "{{#list}}[{{n}}]{{/list}}{{#yes}}yes{{/yes}}{{#no}}no{{/no}}{{#empty}}empty{{/empty}}{{#o}}{{p}}{{/o}}");
  EXPECT_EQ(render("a", R"({"list":[{"n":1},{"n":2}],"yes":true,"no":false,"empty":"","o":{"p":"q"}})")->text,
            "[1][2]yesq");
}

TEST_F(Renderer, DoesNotRenderABrokenTemplateAndSaysWhichFileItIs) {
  write("order_confirmation.html", "{{#items}}never closed");
  const renderer templates{folder.path()};
  ASSERT_EQ(templates.problems().size(), 1u);
  EXPECT_TRUE(templates.problems()[0].starts_with("order_confirmation.html: ")) << templates.problems()[0];
  EXPECT_FALSE(templates.render("order_confirmation", "{}"));
  EXPECT_TRUE(templates.render("default", "{}"));
}

TEST_F(Renderer, KeepsTheBuiltInDefaultBehindABrokenOne) {
  write("default.txt", "{{#open}}");
  const auto made = render("default", R"({"orderId":"o-1"})");
  ASSERT_TRUE(made);
  EXPECT_NE(made->text.find("o-1"), std::string::npos);
}

TEST_F(Renderer, WantsAllPartsOfATemplate) {
  write("mine.txt", "text");
  EXPECT_FALSE(render("mine"));
}

TEST_F(Renderer, RendersNothingOfWhatIsNoModel) {
  for (const auto* model : {"", "[]", "1", "{", "{\"a\":\"\xff\"}"})
    EXPECT_FALSE(render("default", model)) << model;
  std::string deep = R"({"a":)";
  for (int i = 0; i < 20; ++i)
    deep += R"({"a":)";
  EXPECT_FALSE(render("default", deep + "1" + std::string(21, '}')));
  EXPECT_FALSE(render("unknown"));
}

TEST_F(Renderer, BoundsWhatAModelCanMakeOfATemplate) {
  write("a.subject", "s");
  write("a.html", "h");
  write("a.txt", "{{#items}}" + std::string(1'000, 'x') + "{{/items}}");
  std::string items = R"({"i":1})";
  for (int i = 0; i < 2'000; ++i)
    items += R"(,{"i":1})";
  EXPECT_FALSE(render("a", R"({"items":[)" + items + "]}"));
}

TEST_F(Renderer, SaysThatItsFolderIsNone) {
  const renderer templates{folder / "none"};
  EXPECT_EQ(templates.problems().size(), 1u);
  EXPECT_TRUE(templates.render("order_confirmation", "{}"));
}

TEST(RendererThreads, RenderTheSameWhoeverElseRenders) {
  const renderer templates;
  const auto mail = test::some_mail();
  const auto wanted = templates.render(mail.template_name, mail.model)->html;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n)
        wrong += templates.render(mail.template_name, mail.model)->html != wanted;
    });
  for (auto& x : threads)
    x.join();
  EXPECT_EQ(wrong, 0);
}

} // namespace
} // namespace troupe::email
