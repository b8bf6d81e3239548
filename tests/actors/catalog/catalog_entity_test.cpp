// What the actor of a product adds to its decisions.
#include "actors/catalog/catalog_entity.hpp"

#include "supervisors/topology.hpp"
#include "tests/actors/entity/journal_of_tests.hpp"

namespace troupe::catalog {
namespace {

class CatalogEntity : public entity::test::JournalOfTests<catalog_actor> {
protected:
  catalog_actor spawn() override { return spawn_products(sys, env); }

  static money eur(std::int64_t minor) { return {minor, *currency::parse("EUR")}; }

  caf::expected<product> put(std::int64_t price) {
    return tell<product>(put_product{{"tea"}, "Green tea", eur(price)});
  }
  caf::expected<product> get() { return tell<product>(get_product{{"tea"}}); }
};

TEST_F(CatalogEntity, AnswersTheProductWithItsVersion) {
  EXPECT_EQ(put(490)->version, 1u);
  EXPECT_EQ(put(520)->version, 2u);
  EXPECT_EQ(put(520)->version, 2u) << "the same again changes nothing";
  restart();
  const auto found = get();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->price, eur(520));
  EXPECT_EQ(found->title, "Green tea");
  EXPECT_EQ(found->version, 2u);
  EXPECT_EQ(book->appends.size(), 2u);
}

TEST_F(CatalogEntity, TellsNoPriceThatIsNotDurable) {
  ASSERT_TRUE(put(490));
  book->holds = true;
  auto change = request(put_product{{"tea"}, "Green tea", eur(1)});
  auto read = request(get_product{{"tea"}});
  run();
  EXPECT_TRUE(nothing_is_answered());
  book->failure = caf::make_error(ec::store_unavailable);
  release();
  EXPECT_EQ(answer_of<product>(change).error(), ec::store_unavailable);
  EXPECT_EQ(answer_of<product>(read).error(), ec::store_unavailable);
  book->failure = {};
  EXPECT_EQ(get()->price, eur(490));
}

TEST_F(CatalogEntity, KeepsNothingOfAProductThatDoesNotExist) {
  EXPECT_EQ(get().error(), rejection::unknown_product);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_EQ(put(0).error(), rejection::price_not_positive);
  EXPECT_EQ(in_memory(), 0u);
  EXPECT_TRUE(book->appends.empty());
}

} // namespace
} // namespace troupe::catalog
