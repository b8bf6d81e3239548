// tests/e2e/disk_full_test.cpp: a store that cannot grow acknowledges nothing, says so, and recovers by itself.
#include "tests/e2e/node.hpp"

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <set>

namespace troupe::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

/// Makes a node's folder run out of room.
class shortage {
public:
  virtual ~shortage() = default;
  virtual void begin(node& of) = 0;
  virtual void end(node& of) = 0;
};

/// A small disk of its own, filled to the last byte. Needs the right to mount.
class small_disk : public shortage {
public:
  /// In a name space of this thread and its children, so that nothing stays mounted however the test ends.
  explicit small_disk(std::filesystem::path at) : at_(std::move(at)) {
    mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
               && ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=4m") == 0;
    if (!mounted_)
      why_not_ = std::strerror(errno);
  }
  ~small_disk() override {
    if (mounted_)
      ::umount2(at_.c_str(), MNT_DETACH);
  }
  const std::string& why_not() const { return why_not_; }

  void begin(node&) override {
    std::ofstream ballast{at_ / "ballast", std::ios::binary | std::ios::app};
    const std::string page(4096, 'x');
    while (ballast.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
  }
  void end(node&) override { std::filesystem::remove(at_ / "ballast"); }

private:
  std::filesystem::path at_;
  bool mounted_ = false;
  std::string why_not_;
};

/// No file of the process may grow beyond nothing. Any user may do that.
class file_size_limit : public shortage {
public:
  file_size_limit()
    : before_(std::signal(SIGXFSZ, SIG_IGN)) {} // Children inherit that it is ignored, as under `nohup`.
  ~file_size_limit() override { std::signal(SIGXFSZ, before_); }

  void begin(node& of) override { limit(of, 1); }
  void end(node& of) override { limit(of, RLIM_INFINITY); }

private:
  static void limit(node& of, rlim_t bytes) {
    const rlimit wanted{bytes, RLIM_INFINITY};
    if (::prlimit(of.process().pid(), RLIMIT_FSIZE, &wanted, nullptr) != 0)
      throw std::runtime_error{std::string{"cannot limit the size of files: "} + std::strerror(errno)};
  }

  void (*before_)(int);
};

class DiskFull : public ::testing::Test {
protected:
  /// The claims, under a shortage of any kind.
  void acknowledges_nothing_and_recovers(shortage& lack) {
    running.start();
    auto shop = running.shop();
    http_client operations{running.operations()};
    std::set<std::string> acknowledged;
    const auto try_one = [&](http_client::fields with = {}) {
      const auto answer = place(shop, order_of("paper-filters-100", 1), 0, std::move(with));
      if (answer.status == 202)
        acknowledged.insert(answer.json()["orderId"].get<std::string>());
      return answer;
    };
    for (int i = 0; i < 5; ++i)
      ASSERT_EQ(try_one().status, 202);

    lack.begin(running);
    // What room is left inside the store's own files may take a few more.
    http_answer refused;
    ASSERT_TRUE(eventually(
      seconds{20}, [&] { return (refused = try_one()).status != 202; }, std::chrono::milliseconds{1}));
    EXPECT_EQ(refused.status, 503) << refused.body << refused.failure;
    EXPECT_FALSE(refused.field("retry-after").empty());
    http_answer unready;
    EXPECT_TRUE(eventually(seconds{10}, [&] { return (unready = operations.get("/health/ready")).status == 503; }));
    EXPECT_EQ(unready.json()["status"], "not_ready");
    const auto report = unready.json();
    for (const auto& x : report["dependencies"])
      if (x["name"] == "store") {
        EXPECT_EQ(x["status"], "down");
        EXPECT_FALSE(x.value("detail", "").empty()) << "no reason";
      }
    for (int i = 0; i < 20; ++i) {
      const auto answer = try_one();
      EXPECT_EQ(answer.status, 503) << answer.body << answer.failure;
      EXPECT_FALSE(answer.field("retry-after").empty());
    }
    EXPECT_EQ(try_one({{"Idempotency-Key", "\"again\""}}).status, 503);
    EXPECT_EQ(operations.get("/health/live").status, 200);

    lack.end(running);
    EXPECT_TRUE(eventually(seconds{20}, [&] { return operations.get("/health/ready").status == 200; }));
    const auto after = place(shop, order_of("paper-filters-100", 1), 20);
    EXPECT_EQ(after.json()["status"], "confirmed") << after.body;
    acknowledged.insert(after.json()["orderId"].get<std::string>());
    // Who was refused may come again with the same key, as often as needed.
    EXPECT_EQ(try_one({{"Idempotency-Key", "\"again\""}}).status, 202);
    EXPECT_EQ(try_one({{"Idempotency-Key", "\"again\""}}).status, 202);
    for (const auto& id : acknowledged) {
      EXPECT_EQ(end_of(shop, id), "confirmed") << id;
      const auto books = books_of(providers.url(), id);
      ASSERT_TRUE(books) << id;
      EXPECT_EQ(books->captured, 390) << id;
      EXPECT_EQ(books->charges_captured, 1) << id;
    }
    const auto ledger = http_client{providers.url()}.get("/_sandbox/ledger?limit=1000").json();
    EXPECT_EQ(ledger["references"].size(), acknowledged.size()) << "somebody paid for an order that was refused";
    const auto stock = shop.get("/api/v2/inventory/paper-filters-100").json();
    EXPECT_EQ(stock["sold"], acknowledged.size()) << stock;
    EXPECT_EQ(stock["held"], 0) << stock;
    EXPECT_EQ(running.stop(), (ending{0, 0}));
    const auto checked = run({troupe_binary(), "store", "check", (folder.path() / "journal.db").string()});
    EXPECT_EQ(checked.how, (ending{0, 0})) << checked.output << checked.errors;
  }

  temporary_folder folder;
  temporary_folder sandbox_folder;
  sandbox providers{sandbox_folder.path()};
  node running{folder.path(),
               {"sandbox.enabled=false", "payment.providers.rest.base_url=" + providers.url() + "/rest",
                "payment.providers.stripe.base_url=" + providers.url() + "/stripe", "orders.retry_base=50ms",
                "orders.retry_max=500ms"}};
};

TEST_F(DiskFull, NothingIsAcknowledgedAndTheNodeRecoversByItself) {
  small_disk disk{folder.path()};
  if (!disk.why_not().empty())
    GTEST_SKIP() << "this needs the right to mount a tmpfs (" << disk.why_not()
                 << "); FileSizeLimitIsLikeAFullDisk shows the same without it";
  acknowledges_nothing_and_recovers(disk);
}

TEST_F(DiskFull, FileSizeLimitIsLikeAFullDisk) {
  file_size_limit limit;
  acknowledges_nothing_and_recovers(limit);
}

} // namespace
} // namespace troupe::test
