#include "supervisors/public_forms.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace troupe {
namespace {

journal::stored_event stored(const std::string& type, const std::string& data) {
  journal::stored_event x;
  x.stream = {type.substr(0, type.find('.')), "demo-mug"};
  x.version = 3;
  x.type = type;
  x.data = data;
  return x;
}

TEST(PublicForms, NameEventsAsTheOutsideDoes) {
  const auto form = public_form_of("inventory")(stored("inventory.adjusted", R"({"available":5,"change":2})"));
  ASSERT_TRUE(form);
  ASSERT_TRUE(*form);
  EXPECT_EQ((*form)->event_type, "InventoryUpdated");
}

TEST(PublicForms, TellAnEventWithoutOneFromOneThatCannotBeRead) {
  const auto form_of = public_form_of("inventory");
  const auto none = form_of(stored("inventory.released", R"({"reservation":"o/1","at":0,"units":0})"));
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_EQ(form_of(stored("inventory.released", "{}")).error(), ec::store_damaged);
  EXPECT_EQ(form_of(stored("inventory.newer", "{}")).error(), ec::unknown_type);
}

TEST(PublicForms, AreThereForEachContextThatHasThem) {
  for (const auto* context : {"order", "inventory", "catalog"})
    EXPECT_FALSE(public_form_of(context)(stored(std::string{context} + ".newer", "{}"))) << context;
  EXPECT_THROW(public_form_of("idempotency"), std::invalid_argument);
}

TEST(PublicForms, OfAnyContextAreNoneWhereThereAreNone) {
  const auto form_of = any_public_form();
  const auto adjusted = form_of(stored("inventory.adjusted", R"({"available":5,"change":2})"));
  ASSERT_TRUE(adjusted && *adjusted);
  EXPECT_EQ((*adjusted)->event_type, "InventoryUpdated");
  const auto none = form_of(stored("notification.requested", R"({"to":"ann@example.org"})"));
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_EQ(form_of(stored("order.newer", "{}")).error(), ec::unknown_type);
}

} // namespace
} // namespace troupe
