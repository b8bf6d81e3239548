#include "adapters/discovery/dns.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

namespace troupe::discovery {

namespace {

using steady = std::chrono::steady_clock;

ec code_of(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED: return ec::timed_out; // We cancel only what takes too long.
    case ARES_EFORMERR:
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
    case ARES_EBADSTR: return ec::refused;
    case ARES_EBADRESP: return ec::bad_response;
    default: return ec::unavailable;
  }
}

std::string text_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND: return "there is no such name";
    case ARES_ENODATA: return "the name has no such record";
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED: return "no answer in time";
    case ARES_ECONNREFUSED: return "no server answers, or all of them fail or refuse"; // c-ares tells them not apart.
    default: return ares_strerror(status);
  }
}

/// One question, on sockets of its own.
class question {
public:
  explicit question(const dns_options& options) : options_(options) {
    static const int started = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options wanted{};
    char dns_only[] = "b";
    wanted.lookups = dns_only;
    wanted.timeout = std::max(1, static_cast<int>(options.timeout.count() * 2 / 5));
    wanted.tries = 3;
    status_ = started != ARES_SUCCESS
                ? started
                : ares_init_options(&channel_, &wanted, ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status_ == ARES_SUCCESS && !options.server.empty())
      status_ = ares_set_servers_ports_csv(channel_, options.server.c_str());
  }

  ~question() {
    if (channel_)
      ares_destroy(channel_);
  }

  question(const question&) = delete;
  question& operator=(const question&) = delete;

  caf::expected<std::vector<address>> ask(const char* records, const std::function<void()>& send) {
    if (status_ == ARES_SUCCESS) {
      send();
      wait();
    }
    if (status_ == ARES_SUCCESS && found_.empty())
      status_ = ARES_ENODATA;
    if (status_ == ARES_SUCCESS)
      return in_order(std::move(found_));
    return caf::make_error(code_of(status_),
                           std::string{"DNS, "} + records + " of " + options_.name + ": " + text_of(status_));
  }

  ares_channel channel() const { return channel_; }
  void add(address x) { found_.push_back(std::move(x)); }
  void done(int status) {
    status_ = status;
    answered_ = true;
  }

private:
  void wait() {
    const auto deadline = steady::now() + options_.timeout;
    while (!answered_) {
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - steady::now());
      if (left.count() <= 0)
        return ares_cancel(channel_);
      step(left);
    }
  }

  void step(std::chrono::microseconds at_most) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const auto wanted = static_cast<unsigned>(ares_getsock(channel_, sockets, ARES_GETSOCK_MAXNUM));
    pollfd polled[ARES_GETSOCK_MAXNUM];
    nfds_t count = 0;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const short events =
        (ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) | (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0);
      if (events)
        polled[count++] = {sockets[i], events, 0};
    }
    timeval most{at_most.count() / 1'000'000, at_most.count() % 1'000'000};
    timeval until{};
    ares_timeout(channel_, &most, &until);
    const auto milliseconds = static_cast<int>(until.tv_sec * 1'000 + (until.tv_usec + 999) / 1'000);
    if (::poll(polled, count, milliseconds) <= 0)
      return ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (nfds_t i = 0; i < count; ++i)
      if (polled[i].revents)
        ares_process_fd(channel_, polled[i].revents & ~POLLOUT ? polled[i].fd : ARES_SOCKET_BAD,
                        polled[i].revents & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
  }

  const dns_options& options_;
  ares_channel channel_ = nullptr;
  int status_ = ARES_SUCCESS;
  bool answered_ = false;
  std::vector<address> found_;
};

std::optional<std::string> text_of(const sockaddr* x) {
  char text[INET6_ADDRSTRLEN];
  const void* bytes = nullptr;
  if (x->sa_family == AF_INET)
    bytes = &reinterpret_cast<const sockaddr_in*>(x)->sin_addr;
  else if (x->sa_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6*>(x)->sin6_addr;
  if (!bytes || !::inet_ntop(x->sa_family, bytes, text, sizeof text))
    return std::nullopt;
  return text;
}

class dns_addresses : public finder {
public:
  dns_addresses(dns_options options, std::uint16_t port) : options_(std::move(options)), port_(port) {}

  caf::expected<std::vector<address>> find() override {
    struct context {
      question& what;
      std::uint16_t port;
    };
    question q{options_};
    context c{q, port_};
    return q.ask("addresses", [&] {
      ares_addrinfo_hints hints{};
      hints.ai_family = AF_UNSPEC;
      hints.ai_flags = ARES_AI_NOSORT;
      const auto on_answer = [](void* arg, int status, int, ares_addrinfo* answer) {
        const auto& to = *static_cast<context*>(arg);
        for (const auto* x = answer ? answer->nodes : nullptr; x; x = x->ai_next)
          if (auto host = text_of(x->ai_addr))
            to.what.add({std::move(*host), to.port});
        ares_freeaddrinfo(answer);
        to.what.done(status);
      };
      ares_getaddrinfo(q.channel(), options_.name.c_str(), nullptr, &hints, on_answer, &c);
    });
  }

private:
  dns_options options_;
  std::uint16_t port_;
};

class dns_services : public finder {
public:
  explicit dns_services(dns_options options) : options_(std::move(options)) {}

  caf::expected<std::vector<address>> find() override {
    question q{options_};
    return q.ask("services", [&] {
      const auto on_answer = [](void* arg, int status, int, unsigned char* bytes, int size) {
        auto& to = *static_cast<question*>(arg);
        ares_srv_reply* replies = nullptr;
        if (status == ARES_SUCCESS)
          status = parse(bytes, size, &replies);
        for (const auto* x = replies; x; x = x->next) {
          std::string host = x->host;
          if (!host.empty() && x->port != 0) // A host of "." says that the service is not there (RFC 2782).
            to.add({std::move(host), x->port});
        }
        ares_free_data(replies);
        to.done(status);
      };
      ares_search(q.channel(), options_.name.c_str(), ns_c_in, ns_t_srv, on_answer, &q);
    });
  }

private:
  /// c-ares says with the same codes that a name in the question is wrong.
  static int parse(const unsigned char* bytes, int size, ares_srv_reply** replies) {
    const auto status = ares_parse_srv_reply(bytes, size, replies);
    const bool is_known = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOMEM;
    return is_known ? status : ARES_EBADRESP;
  }

  dns_options options_;
};

} // namespace

std::unique_ptr<finder> make_dns_addresses(dns_options options, std::uint16_t port) {
  return std::make_unique<dns_addresses>(std::move(options), port);
}

std::unique_ptr<finder> make_dns_services(dns_options options) {
  return std::make_unique<dns_services>(std::move(options));
}

} // namespace troupe::discovery
