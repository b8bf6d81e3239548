// tests/adapters/postgres/roles_test.cpp: a context reads what is its own.
#include "tests/adapters/postgres/database.hpp"

namespace troupe::postgres {
namespace {

using namespace journal;
using ::testing::HasSubstr;

class PostgresRoles : public Database {
protected:
  PostgresRoles() {
    auto writer = open_writer();
    test::store_owner owner{*writer, both};
    owner.store(first, 3);
    owner.store({"stock", "s-1"}, 2);
  }

  /// What the role of the context order is answered, or why not.
  std::string as_order(const std::string& statement) const {
    try {
      return sql("SET ROLE " + name() + "_order; " + statement);
    } catch (const std::runtime_error& x) {
      return x.what();
    }
  }
};

TEST_F(PostgresRoles, ReadOneSchemaAndNoOther) {
  EXPECT_EQ(as_order("SELECT count(*) FROM \"order\".events"), "3\n");
  EXPECT_EQ(as_order("SELECT count(*) FROM \"order\".readable"), "3\n");
  EXPECT_THAT(as_order("SELECT count(*) FROM stock.events"), HasSubstr("permission denied"));
  EXPECT_THAT(as_order("SELECT count(*) FROM stock.streams"), HasSubstr("permission denied"));
  EXPECT_THAT(as_order("SELECT count(*) FROM troupe.shards"), HasSubstr("permission denied"));
  EXPECT_THAT(as_order("DELETE FROM \"order\".events"), HasSubstr("permission denied"));
}

TEST_F(PostgresRoles, AreWhatTheReaderReadsAs) {
  const auto reader = open_reader();
  ASSERT_EQ(test::value_of(reader->load(first)).events.size(), 3u);
  sql("REVOKE SELECT ON stock.events FROM " + name() + "_stock"); // Its owner could read it still.
  EXPECT_THAT(text_of(reader->load({"stock", "s-1"})), HasSubstr("permission denied"));
  EXPECT_EQ(test::value_of(reader->load(first)).events.size(), 3u);
}

} // namespace
} // namespace troupe::postgres
