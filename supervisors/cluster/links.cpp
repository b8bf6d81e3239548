#include "supervisors/cluster/links.hpp"

#include "supervisors/cluster/tls_stream.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/native_socket.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <set>
#include <utility>

namespace troupe::cluster {

namespace {

namespace network = caf::io::network;

network::default_multiplexer& multiplexer_of(caf::actor_system& system) {
  return static_cast<network::default_multiplexer&>(system.middleman().backend());
}

caf::actor broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>("BASP");
}

class socket_owner {
public:
  socket_owner() = default;
  explicit socket_owner(int fd) : fd_(fd) {}
  socket_owner(socket_owner&& x) noexcept : fd_(std::exchange(x.fd_, -1)) {}
  socket_owner& operator=(socket_owner&& x) noexcept {
    std::swap(fd_, x.fd_);
    return *this;
  }
  ~socket_owner() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

// CAF gives a connection up on which nothing is heard, but what it has written to it waits in the kernel for a quarter
// of an hour.
void let_die(int fd) {
  const int on = 1;
  const int idle_s = 1;
  const int probes = 3;
  const unsigned unacknowledged_ms = static_cast<unsigned>(links::silent_max.count()) * 2;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
}

struct dialled {
  socket_owner socket;
  int why = 0; // an errno, when there is no connection
};

dialled dial_one(const addrinfo& x) {
  socket_owner socket{::socket(x.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (socket.get() < 0)
    return {{}, errno};
  int why = ::connect(socket.get(), x.ai_addr, x.ai_addrlen) == 0 ? 0 : errno;
  if (why == EINPROGRESS) {
    pollfd waits{socket.get(), POLLOUT, 0};
    socklen_t size = sizeof why;
    if (::poll(&waits, 1, static_cast<int>(links::connect_within.count())) <= 0)
      why = ETIMEDOUT;
    else
      ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &why, &size);
  }
  if (why != 0)
    return {{}, why};
  return {std::move(socket), 0};
}

dialled dial(const discovery::address& where) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found) != 0)
    return {{}, EADDRNOTAVAIL};
  dialled result{{}, EADDRNOTAVAIL};
  for (const auto* x = found; x && result.why != 0; x = x->ai_next)
    result = dial_one(*x);
  ::freeaddrinfo(found);
  return result;
}

/// Goes through all addresses until `use` says that one is good; whether nothing listened at any of them.
template <class Use> bool try_all(const places_fn& places, Use use) {
  bool refused = true;
  std::size_t index = 0;
  for (auto where = places(0); where; where = places(++index)) {
    auto socket = dial(*where);
    refused = refused && socket.why == ECONNREFUSED;
    if (use(*where, std::move(socket)))
      return false;
  }
  return refused && index > 0;
}

/// Lets connections in without knowing anybody yet. All of it on CAF's thread.
class doorman final : public network::doorman_impl {
public:
  doorman(network::default_multiplexer& multiplexer, int fd, std::shared_ptr<const credentials> shown,
          turned_away_fn turned_away)
    : network::doorman_impl(multiplexer, fd), shown_(std::move(shown)), turned_away_(std::move(turned_away)) {}

  bool new_connection() override {
    socket_owner socket{acceptor_.accepted_socket()};
    if (detached() || socket.get() < 0)
      return false;
    const int fd = socket.get();
    network::nonblocking(fd, true);
    let_die(fd);
    const auto address = network::remote_addr_of_fd(fd);
    const std::string from = address ? *address : "";
    const auto stranger = std::make_shared<const int>(fd);
    strangers_.push_back(stranger);
    auto session = std::make_shared<tls_session>(
      shown_->in_use(), fd, tls_session::side::accepts,
      [told = turned_away_, from](const std::string& why) {
        if (told && !why.empty()) // Whoever says nothing and goes has looked whether we live.
          told(from, why);
      },
      [stranger] { static_cast<void>(stranger); }); // Forgotten when it is called, and with the session.
    send_silent_ones_away();
    auto scribe = caf::make_counted<tls_scribe>(acceptor_.backend(), socket.release(), std::move(session));
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return caf::io::doorman::new_connection(&acceptor_.backend(), handle);
  }

private:
  // Who keeps silent would stay for ever.
  void send_silent_ones_away() {
    std::erase_if(strangers_, [](const auto& x) { return x.expired(); });
    for (; strangers_.size() > links::strangers_max; strangers_.pop_front())
      if (const auto fd = strangers_.front().lock())
        ::shutdown(*fd, SHUT_RDWR);
  }

  std::shared_ptr<const credentials> shown_;
  turned_away_fn turned_away_;
  std::deque<std::weak_ptr<const int>> strangers_; // their sockets, oldest first; gone when they are known
};

} // namespace

links::links(caf::actor_system& system, std::shared_ptr<const credentials> shown, turned_away_fn turned_away)
  : system_(system), shown_(std::move(shown)), turned_away_(std::move(turned_away)) {}

void links::connect(places_fn places, std::function<void(contact)> told) const {
  system_.spawn<caf::detached>([places = std::move(places), told = std::move(told),
                                shown = shown_](caf::event_based_actor* self) {
    caf::io::scribe_ptr scribe;
    std::uint16_t port = 0;
    std::string why;
    const auto distrust = std::make_shared<std::string>();
    const bool refused = try_all(places, [&](const discovery::address& where, dialled x) {
      const auto add = [&](const std::string& reason) {
        why += (why.empty() ? "" : "; ") + to_string(where) + ": " + reason;
        return false;
      };
      if (x.why != 0)
        return add(std::strerror(x.why));
      // With TLS 1.3 the other side says that it has no trust when this one is through already.
      const auto session = std::make_shared<tls_session>(shown->in_use(), x.socket.get(), tls_session::side::connects,
                                                         [distrust](const std::string& reason) { *distrust = reason; });
      if (const auto reason = session->shake_hands(connect_within); !reason.empty())
        return add(reason);
      let_die(x.socket.get());
      scribe = caf::make_counted<tls_scribe>(multiplexer_of(self->system()), x.socket.release(), session);
      port = where.port;
      return true;
    });
    if (!scribe) {
      told({nullptr, refused, why.empty() ? "no address is known" : why});
      self->quit();
      return;
    }
    self
      ->request(broker_of(self->system()), std::chrono::milliseconds{silent_max.count()}, caf::connect_atom_v,
                std::move(scribe), port)
      .then(
        [told](const caf::node_id&, const caf::strong_actor_ptr& door, const std::set<std::string>&) {
          told({caf::actor_cast<caf::actor>(door), false, door ? "" : "nobody is at the door"});
        },
        [told, distrust](const caf::error& x) {
          const auto known =
            x == caf::sec::incompatible_application_ids ? "it speaks none of our protocols" : *distrust;
          told({nullptr, false, known.empty() ? to_string(x) : known});
        });
  });
}

void links::look(places_fn places, std::function<void(bool)> told) const {
  system_.spawn<caf::detached>([places = std::move(places), told = std::move(told)](caf::event_based_actor* self) {
    told(try_all(places, [](const discovery::address&, const dialled& x) { return x.why != ECONNREFUSED; }));
    self->quit();
  });
}

caf::expected<std::uint16_t> links::open(const caf::actor& door, std::uint16_t port, const std::string& address) const {
  const auto fd = network::new_tcp_acceptor_impl(port, address.c_str(), true);
  if (!fd)
    return fd.error();
  auto keeper = caf::make_counted<doorman>(multiplexer_of(system_), *fd, shown_, turned_away_);
  const auto opened = keeper->port();
  caf::anon_send(broker_of(system_), caf::publish_atom_v, caf::io::doorman_ptr{std::move(keeper)}, opened,
                 caf::actor_cast<caf::strong_actor_ptr>(door), std::set<std::string>{});
  return opened;
}

void links::close(const caf::actor& door, std::uint16_t port) const {
  caf::scoped_actor self{system_};
  self->request(broker_of(system_), caf::infinite, caf::unpublish_atom_v, door.address(), port)
    .receive([] {}, [](const caf::error&) {});
}

} // namespace troupe::cluster
