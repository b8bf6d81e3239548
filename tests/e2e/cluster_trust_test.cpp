// tests/e2e/cluster_trust_test.cpp: who is let in, and how certificates are replaced.
#include "tests/e2e/cluster.hpp"
#include "tests/e2e/stranger.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace troupe::test {
namespace {

/// What every answer of a node begins with, if there is one: the names of the protocols that it speaks.
constexpr const char* answer = "troupe/";

/// As CAF begins to speak, with everything that it says without being asked: a header of 32 bytes.
std::string clear_handshake() {
  std::string header(32, '\0');
  header[0] = 1;  // a client's handshake
  header[15] = 6; // of this version
  return header;
}

class ClusterTrust : public cluster_test {
protected:
  /// Copies to the certificate files that a node was started with, as an operator may: not at once.
  static void replace(const certificates::pair& used, const certificates::pair& by) {
    constexpr auto over = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(by.key, used.key, over);
    std::filesystem::copy_file(by.certificate, used.certificate, over);
  }

  /// A node with files of its own.
  node& start_with(const std::string& name, const certificates::pair& shown, const std::string& ca) {
    return start_node(
      name, {"cluster.tls.certificate=" + shown.certificate, "cluster.tls.key=" + shown.key, "cluster.tls.ca=" + ca});
  }

  static bool is_replaced(node& x) { return x.process().logs("The certificate for other nodes is replaced"); }
};

TEST_F(ClusterTrust, AnswersOnlyWhoeverShowsACertificateOfItsCa) {
  auto& first = start_node("node-1");
  ASSERT_TRUE(eventually(std::chrono::seconds{10}, [&] { return cluster_port(first, "node-1") != 0; }));
  const auto port = cluster_port(first, "node-1");
  const certificates foreign{folder.path().string(), "foreign"};
  EXPECT_EQ(heard_in_clear(port, "").size(), 0u);
  EXPECT_EQ(heard_in_clear(port, clear_handshake()).find(answer), std::string::npos);
  EXPECT_EQ(heard_in_clear(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").find(answer), std::string::npos);
  EXPECT_EQ(heard_over_tls(port), "");
  EXPECT_EQ(heard_over_tls(port, certificates::pair{foreign.certificate, foreign.key}), "");
  EXPECT_EQ(heard_over_tls(port, own.sign("expired", -1)), "");
  EXPECT_NE(heard_over_tls(port, own.sign("another")).find(answer), std::string::npos);
  EXPECT_TRUE(first.process().logs("Somebody without a certificate of the cluster was turned away"));
  place_orders(first, 1);
}

TEST_F(ClusterTrust, ListensAtNoOtherPortThanThoseThatAreDocumented) {
  auto& first = start_node("node-1");
  auto& second = start_node("node-2");
  ASSERT_TRUE(is_connected(second, "node-1"));
  const auto port_of = [](const std::string& url) {
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  };
  const auto inbox = first.process().output().find("inbox");
  ASSERT_NE(inbox, std::string::npos);
  const auto listening = listening_ports(first.process().pid());
  std::vector<std::uint16_t> known{first.commerce_port(), port_of(first.operations()), port_of(first.sandbox()),
                                   cluster_port(first, "node-1")};
  std::vector<std::uint16_t> others;
  for (const auto port : listening)
    if (std::find(known.begin(), known.end(), port) == known.end())
      others.push_back(port);
  // The sandbox's inbox for mails is the only one that the welcome does not show with its port.
  ASSERT_EQ(others.size(), 1u);
  EXPECT_EQ(listening.size(), known.size() + 1);
  EXPECT_EQ(heard_in_clear(others.front(), "").substr(0, 4), "220 ");
  for (const auto port : listening) {
    EXPECT_EQ(heard_in_clear(port, clear_handshake()).find(answer), std::string::npos) << port;
    EXPECT_EQ(heard_over_tls(port), "") << port;
  }
}

TEST_F(ClusterTrust, LetsNobodyInByACertificateOfAnotherCa) {
  auto& first = start_node("node-1");
  const certificates foreign{folder.path().string(), "foreign"};
  auto& stranger = add_node("node-0", {"cluster.tls.certificate=" + foreign.certificate,
                                       "cluster.tls.key=" + foreign.key, "cluster.tls.ca=" + foreign.ca});
  stranger.launch();
  EXPECT_TRUE(stranger.process().logs(R"("message":"A node cannot be reached","peer":"node-1")"));
  EXPECT_TRUE(first.process().logs("was turned away"));
  EXPECT_EQ(stranger.everything_printed().find("Connected with a node"), std::string::npos);
  EXPECT_EQ(first.everything_printed().find("Connected with a node"), std::string::npos);
}

TEST_F(ClusterTrust, UsesNewCertificatesWithoutARestartAndKeepsWhatIsConnected) {
  // Both believe the old CA and the new one, as while a CA is replaced.
  const certificates next{folder.path().string(), "next"};
  const auto both = folder.path() / "both.pem";
  {
    std::ofstream out{both};
    out << std::ifstream{own.ca}.rdbuf() << std::ifstream{next.ca}.rdbuf();
  }
  const auto mine = own.sign("mine");
  const auto theirs = own.sign("theirs");
  auto& first = start_with("node-1", mine, both.string());
  auto& second = start_with("node-2", theirs, both.string());
  ASSERT_TRUE(is_connected(first, "node-2"));
  ASSERT_TRUE(is_connected(second, "node-1"));

  replace(mine, next.sign("mine, renewed"));
  ASSERT_TRUE(is_replaced(first));
  place_orders(second, 3);
  EXPECT_EQ(first.everything_printed().find("the connection is lost"), std::string::npos);

  // Who believes the new CA alone sees that the new certificate is shown.
  second.stop();
  auto& third = start_with("node-3", next.sign("third"), next.ca);
  EXPECT_TRUE(is_connected(first, "node-3"));
  EXPECT_TRUE(is_connected(third, "node-1"));
  place_orders(third, 3);
}

TEST_F(ClusterTrust, KeepsTheOldCertificateWhenTheNewOneIsBroken) {
  const auto mine = own.sign("mine");
  auto& first = start_with("node-1", mine, own.ca);
  const auto good = std::filesystem::file_size(mine.certificate);
  std::filesystem::resize_file(mine.certificate, good / 2);
  ASSERT_TRUE(first.process().logs("The new certificate for other nodes is refused, the old one stays"));
  auto& second = start_node("node-2");
  EXPECT_TRUE(is_connected(first, "node-2"));
  EXPECT_TRUE(is_connected(second, "node-1"));
  const auto metrics = http_client{first.operations()}.get("/metrics", first.as_operator()).body;
  EXPECT_NE(metrics.find("\ntroupe_cluster_certificate_refused 1"), std::string::npos);
  EXPECT_NE(metrics.find("\ntroupe_cluster_certificate_end_seconds "), std::string::npos);
  const auto renewed = own.sign("mine, renewed");
  replace(mine, renewed);
  first.process().send(SIGHUP);
  EXPECT_TRUE(is_replaced(first));
}

} // namespace
} // namespace troupe::test
