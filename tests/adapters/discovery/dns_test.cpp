#include "adapters/discovery/dns.hpp"

#include "tests/adapters/discovery/dnsmasq.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace troupe::discovery {
namespace {

using namespace std::chrono_literals;
using test::dnsmasq;
using test::loopback_udp;

dns_options asking(std::string name, std::string server, duration timeout = 5s) {
  // The dot keeps the search domains of the machine out of the test.
  return {std::move(name) + '.', std::move(server), timeout};
}

std::string texts(const caf::expected<std::vector<address>>& x) {
  if (!x)
    return to_string(x.error());
  std::string result;
  for (const auto& one : *x)
    result += (result.empty() ? "" : " ") + to_string(one);
  return result;
}

class DnsServer : public ::testing::Test {
protected:
  void SetUp() override {
    if (!dnsmasq::is_installed())
      GTEST_SKIP() << "dnsmasq is not installed; script/bootstrap --test does it";
  }

  static std::string addresses(const dnsmasq& server, std::string name) {
    return texts(make_dns_addresses(asking(std::move(name), server.address()), 9400)->find());
  }
  static std::string services(const dnsmasq& server, std::string name) {
    return texts(make_dns_services(asking(std::move(name), server.address()))->find());
  }
};

TEST_F(DnsServer, GivesTheAddressesOfBothVersionsInOrder) {
  dnsmasq server{{"host-record=nodes.test,10.0.0.9,fd00::9", "host-record=nodes.test,10.0.0.10,fd00::1"}};
  EXPECT_EQ(addresses(server, "nodes.test"), "10.0.0.10:9400 10.0.0.9:9400 [fd00::1]:9400 [fd00::9]:9400");
}

TEST_F(DnsServer, GivesTheAddressesThatThereAreOfOneVersion) {
  dnsmasq server{{"host-record=four.test,10.0.0.1", "host-record=six.test,fd00::1"}};
  EXPECT_EQ(addresses(server, "four.test"), "10.0.0.1:9400");
  EXPECT_EQ(addresses(server, "six.test"), "[fd00::1]:9400");
}

TEST_F(DnsServer, FollowsAnAlias) {
  dnsmasq server{{"host-record=pod-1.test,10.0.0.1", "cname=nodes.test,pod-1.test"}};
  EXPECT_EQ(addresses(server, "nodes.test"), "10.0.0.1:9400");
}

TEST_F(DnsServer, GivesHostsAndPortsOfServices) {
  dnsmasq server{{"srv-host=_cluster._tcp.nodes.test,pod-2.nodes.test,9401,10",
                  "srv-host=_cluster._tcp.nodes.test,pod-1.nodes.test,9400,0",
                  "srv-host=_cluster._tcp.nodes.test,pod-1.nodes.test,9400,5"}};
  EXPECT_EQ(services(server, "_cluster._tcp.nodes.test"), "pod-1.nodes.test:9400 pod-2.nodes.test:9401");
}

TEST_F(DnsServer, TakesTheRootForNoHost) {
  dnsmasq server{{"srv-host=_none._tcp.nodes.test"}};
  EXPECT_EQ(services(server, "_none._tcp.nodes.test"),
            "unavailable(\"DNS, services of _none._tcp.nodes.test.: the name has no such record\")");
}

TEST_F(DnsServer, SaysThatThereIsNoSuchName) {
  dnsmasq server{{"host-record=nodes.test,10.0.0.1"}};
  EXPECT_EQ(addresses(server, "none.test"), "unavailable(\"DNS, addresses of none.test.: there is no such name\")");
  EXPECT_EQ(services(server, "_cluster._tcp.none.test"),
            "unavailable(\"DNS, services of _cluster._tcp.none.test.: there is no such name\")");
}

TEST_F(DnsServer, SaysThatTheNameHasNoSuchRecord) {
  dnsmasq server{{"txt-record=nodes.test,hello", "host-record=pod.nodes.test,10.0.0.1"}};
  EXPECT_EQ(addresses(server, "nodes.test"),
            "unavailable(\"DNS, addresses of nodes.test.: the name has no such record\")");
  EXPECT_EQ(services(server, "nodes.test"),
            "unavailable(\"DNS, services of nodes.test.: the name has no such record\")");
}

// A datagram holds 512 bytes, or about 28 addresses; the rest needs TCP.
TEST_F(DnsServer, GivesAnswersThatFitNoDatagramWhole) {
  std::vector<std::string> lines;
  for (int i = 1; i <= 200; ++i) {
    lines.push_back("host-record=many.test,10.0.1." + std::to_string(i));
    lines.push_back("srv-host=_cluster._tcp.many.test,a-pod-of-many-" + std::to_string(i) + ".many.test,9400");
  }
  dnsmasq server{lines};
  const auto found = make_dns_addresses(asking("many.test", server.address()), 9400)->find();
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->size(), 200u);
  EXPECT_TRUE(std::is_sorted(found->begin(), found->end()));
  const auto services = make_dns_services(asking("_cluster._tcp.many.test", server.address()))->find();
  ASSERT_TRUE(services) << to_string(services.error());
  EXPECT_EQ(services->size(), 200u);
}

TEST_F(DnsServer, SaysThatNobodyAnswersWhereItHasStopped) {
  dnsmasq server{{"host-record=nodes.test,10.0.0.1"}};
  const auto nodes = make_dns_addresses(asking("nodes.test", server.address(), 500ms), 9400);
  EXPECT_EQ(texts(nodes->find()), "10.0.0.1:9400");
  server.stop();
  const auto gone = nodes->find().error(); // Whether the system says so, or says nothing, is the system's business.
  EXPECT_TRUE(gone == ec::unavailable || gone == ec::timed_out) << to_string(gone);
}

// ---- servers that answer badly
// ---------------------------------------------------------------------------------------

/// The question as an answer with this in its third and fourth byte.
loopback_udp::script_fn answering(unsigned char third, unsigned char fourth) {
  return [=](std::string x) {
    x[2] = static_cast<char>(third);
    x[3] = static_cast<char>(fourth);
    return x;
  };
}

caf::error of_addresses(const loopback_udp& server, duration timeout) {
  return make_dns_addresses(asking("nodes.test", server.address(), timeout), 9400)->find().error();
}

caf::error of_services(const loopback_udp& server, duration timeout) {
  return make_dns_services(asking("nodes.test", server.address(), timeout))->find().error();
}

TEST(BadDns, IsTimedOutWhenItSaysNothing) {
  loopback_udp silent;
  EXPECT_EQ(of_addresses(silent, 60ms), ec::timed_out);
  EXPECT_EQ(of_services(silent, 60ms), ec::timed_out);
}

TEST(BadDns, IsNotAskedAgainWhenTheTimeIsOver) {
  std::atomic<int> asked = 0;
  {
    loopback_udp silent{[&](std::string) {
      ++asked;
      return std::string{};
    }};
    EXPECT_EQ(of_services(silent, 200ms), ec::timed_out);
  }
  EXPECT_LE(asked, 2);
}

TEST(BadDns, IsAskedAgainWhenItLosesAQuestion) {
  std::atomic<int> asked = 0;
  loopback_udp forgetful{
    [&, nodata = answering(0x84, 0x03)](std::string x) { return ++asked == 1 ? std::string{} : nodata(std::move(x)); }};
  const auto failure = of_services(forgetful, 900ms);
  EXPECT_EQ(failure, ec::unavailable) << to_string(failure);
  EXPECT_EQ(asked, 2);
}

TEST(BadDns, FailsWhenTheWholeAnswerCannotBeFetched) {
  loopback_udp cut{answering(0x86, 0x00)}; // Nobody listens on TCP.
  EXPECT_EQ(of_addresses(cut, 5s), ec::unavailable);
  EXPECT_EQ(of_services(cut, 5s), ec::unavailable);
}

TEST(BadDns, IsUnavailableWhenItFailsOrRefuses) {
  for (const unsigned char code : {2, 5}) {
    loopback_udp broken{answering(0x84, code)};
    EXPECT_EQ(to_string(of_services(broken, 5s)),
              "unavailable(\"DNS, services of nodes.test.: no server answers, or all "
              "of them fail or refuse\")");
    EXPECT_EQ(of_addresses(broken, 5s), ec::unavailable);
  }
}

TEST(BadDns, IsABadResponseWhenItsRecordsAreNone) {
  loopback_udp liar{[](std::string x) {
    x[2] = static_cast<char>(0x84);
    x[3] = 0;
    x[7] = 3; // Three answers, of which none follows.
    return x;
  }};
  EXPECT_EQ(of_addresses(liar, 5s), ec::bad_response);
  const auto failure = of_services(liar, 5s);
  EXPECT_EQ(failure, ec::bad_response) << to_string(failure);
}

TEST(BadDns, RefusesANameThatIsNone) {
  loopback_udp silent;
  const auto failure = make_dns_services(asking("a..b", silent.address(), 1s))->find().error();
  EXPECT_EQ(failure, ec::refused) << to_string(failure);
  EXPECT_FALSE(make_dns_services(asking("nodes.test", "no server", 1s))->find());
}

} // namespace
} // namespace troupe::discovery
