#include "tests/e2e/stranger.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

namespace troupe::test {

namespace {

constexpr int patience_ms = 500;

class connection {
public:
  explicit connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
      throw std::runtime_error{"nobody listens at port " + std::to_string(port)};
    const timeval most{0, patience_ms * 1'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  }
  ~connection() { ::close(fd_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  int fd() const { return fd_; }

private:
  int fd_;
};

} // namespace

std::string heard_in_clear(std::uint16_t port, const std::string& what) {
  const connection to{port};
  std::string heard;
  if (!what.empty() && ::send(to.fd(), what.data(), what.size(), MSG_NOSIGNAL) < 0)
    return heard;
  char some[4'096];
  for (auto got = ::recv(to.fd(), some, sizeof some, 0); got > 0; got = ::recv(to.fd(), some, sizeof some, 0))
    heard.append(some, static_cast<std::size_t>(got));
  return heard;
}

std::string heard_over_tls(std::uint16_t port, const std::optional<certificates::pair>& shown) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  if (shown
      && (SSL_CTX_use_certificate_chain_file(context.get(), shown->certificate.c_str()) != 1
          || SSL_CTX_use_PrivateKey_file(context.get(), shown->key.c_str(), SSL_FILETYPE_PEM) != 1))
    throw std::runtime_error{"the test's own certificate cannot be used"};
  const connection to{port};
  const std::unique_ptr<SSL, void (*)(SSL*)> session{SSL_new(context.get()), &SSL_free};
  SSL_set_fd(session.get(), to.fd());
  std::string heard;
  if (SSL_connect(session.get()) != 1) {
    ERR_clear_error();
    return heard;
  }
  char some[4'096];
  for (auto got = SSL_read(session.get(), some, sizeof some); got > 0; got = SSL_read(session.get(), some, sizeof some))
    heard.append(some, static_cast<std::size_t>(got));
  ERR_clear_error();
  return heard;
}

std::vector<std::uint16_t> listening_ports(pid_t process) {
  const auto home = std::filesystem::path{"/proc"} / std::to_string(process);
  std::set<std::string> sockets; // their inodes
  for (const auto& x : std::filesystem::directory_iterator{home / "fd"}) {
    std::error_code gone;
    if (const auto to = std::filesystem::read_symlink(x, gone).string(); to.starts_with("socket:["))
      sockets.insert(to.substr(8, to.size() - 9));
  }
  std::vector<std::uint16_t> result;
  for (const auto* table : {"tcp", "tcp6"}) {
    std::ifstream in{home / "net" / table};
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::istringstream words{line};
      std::vector<std::string> x;
      for (std::string word; words >> word;)
        x.push_back(word);
      constexpr const char* listens = "0A";
      if (x.size() > 9 && x[3] == listens && sockets.contains(x[9]))
        result.push_back(static_cast<std::uint16_t>(std::stoul(x[1].substr(x[1].rfind(':') + 1), nullptr, 16)));
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

} // namespace troupe::test
