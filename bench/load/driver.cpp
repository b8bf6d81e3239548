#include "bench/load/driver.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

namespace troupe::load {

namespace {

using namespace std::chrono_literals;

constexpr steady::duration again_after = 50ms;
constexpr steady::duration node_rests = 1s;

std::chrono::microseconds own_cpu() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& x) {
    return std::chrono::seconds{x.tv_sec} + std::chrono::microseconds{x.tv_usec};
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

class address {
public:
  explicit address(const endpoint& whom) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(whom.host.c_str(), whom.port.c_str(), &hints, &found); error != 0)
      throw nobody_answers{"cannot find " + whom.host + ": " + gai_strerror(error)};
    std::memcpy(&storage_, found->ai_addr, found->ai_addrlen);
    size_ = found->ai_addrlen;
    freeaddrinfo(found);
  }

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }

private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

class descriptor {
public:
  explicit descriptor(int value = -1) : value_(value) {}
  descriptor(descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~descriptor() {
    if (value_ >= 0)
      close(value_);
  }

  int get() const { return value_; }
  bool open() const { return value_ >= 0; }

private:
  int value_;
};

struct request {
  std::uint64_t number = 0;
  steady::time_point due; // from when its latency counts
  unsigned attempts = 0;
};

struct node {
  explicit node(const endpoint& whom) : where(whom), at(whom) {}

  endpoint where;
  address at;
  steady::time_point rests_until; // no new request goes there while another node may be asked
};

/// One connection: idle, or with one request on its way.
struct connection {
  descriptor socket;
  std::size_t node = 0; // that it leads to
  bool connecting = false;
  bool busy = false;
  load::request carries;
  steady::time_point sent;
  std::string out;
  std::size_t written = 0;
  response_reader reader;
};

class driver {
public:
  driver(const std::vector<endpoint>& whom, scenario& asks, const plan& what,
         const std::function<void(const state_now&)>& on_progress, const volatile bool* stopped,
         const std::function<void(const attempt&)>& on_attempt)
    : asks_(asks), plan_(what), on_progress_(on_progress), on_attempt_(on_attempt), stopped_(stopped),
      nodes_(whom.begin(), whom.end()), poll_(epoll_create1(EPOLL_CLOEXEC)) {
    std::signal(SIGPIPE, SIG_IGN);
    refuse_if_nobody_answers();
  }

  result run();

private:
  void refuse_if_nobody_answers() const;
  bool may_send(steady::time_point now) const;
  void send_what_is_due(steady::time_point now);
  std::size_t node_for(const request& x, steady::time_point now) const;
  connection* free_connection(std::size_t to);
  void ask(connection& by, const request& x);
  bool connect(connection& x);
  void write(connection& x, steady::time_point now);
  void read(connection& x, steady::time_point now);
  void on_event(connection& x, std::uint32_t events, steady::time_point now);
  void answered(connection& x, const response& answer, steady::time_point now);
  void fail(connection& x, const std::string& why, steady::time_point now);
  bool ask_again(const connection& x, steady::time_point now, const std::string& why);
  void note(const connection& x, steady::time_point now, bool connected, int status, judgement told, bool again) const;
  void rest(connection& x, steady::time_point until) { resting_.emplace(until, &x); }
  void give_up_late_ones(steady::time_point now);
  void begin_measuring();
  steady::time_point due_at(std::uint64_t i) const; // open loop
  steady::time_point next_due(steady::time_point now) const;
  void wait(steady::time_point until);

  scenario& asks_;
  const plan& plan_;
  const std::function<void(const state_now&)>& on_progress_;
  const std::function<void(const attempt&)>& on_attempt_;
  const volatile bool* stopped_;
  std::vector<node> nodes_;
  descriptor poll_;
  std::vector<std::unique_ptr<connection>> connections_;
  std::vector<connection*> idle_;
  using rested = std::pair<steady::time_point, connection*>;
  std::priority_queue<rested, std::vector<rested>, std::greater<>> resting_; // after a failure or a refusal
  std::size_t in_flight_ = 0;
  std::uint64_t next_ = 0;      // number of the next request
  std::uint64_t scheduled_ = 0; // open loop: requests that have become due
  std::deque<request> waiting_; // due, without a connection
  using repeated = std::pair<steady::time_point, request>;
  struct later {
    bool operator()(const repeated& a, const repeated& b) const { return a.first > b.first; }
  };
  std::priority_queue<repeated, std::vector<repeated>, later> again_; // to be asked again, and when
  steady::time_point start_;
  steady::time_point warm_;
  steady::time_point stop_ = steady::time_point::max(); // of sending
  steady::time_point last_answer_;
  bool measuring_ = false;
  result result_;
};

void driver::refuse_if_nobody_answers() const {
  std::string why;
  for (const auto& x : nodes_) {
    const descriptor probe{socket(x.at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval patience{5, 0};
    setsockopt(probe.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(probe.get(), x.at.data(), x.at.size()) == 0)
      return;
    why += (why.empty() ? "nobody answers at http://" : ", nor at http://") + x.where.host_field() + ": "
           + (errno == EINPROGRESS ? "no connection within 5 s" : std::strerror(errno));
  }
  throw nobody_answers{why};
}

bool driver::may_send(steady::time_point now) const {
  return now < stop_ && (!stopped_ || !*stopped_) && (!plan_.requests || next_ < *plan_.requests);
}

result driver::run() {
  const auto cpu_before = own_cpu();
  start_ = steady::now();
  warm_ = start_ + plan_.warm_up;
  last_answer_ = warm_;
  if (plan_.length)
    stop_ = warm_ + *plan_.length;
  auto next_progress = start_;
  for (auto now = start_;; now = steady::now()) {
    if (!measuring_ && now >= warm_)
      begin_measuring();
    while (!resting_.empty() && resting_.top().first <= now) {
      idle_.push_back(resting_.top().second);
      resting_.pop();
    }
    while (!again_.empty() && again_.top().first <= now) {
      waiting_.push_front(again_.top().second);
      again_.pop();
    }
    send_what_is_due(now);
    if (!may_send(now) && waiting_.empty() && again_.empty() && in_flight_ == 0)
      break;
    if (now >= next_progress) {
      next_progress = now + 200ms;
      give_up_late_ones(now);
      if (on_progress_)
        on_progress_({now - start_, result_, in_flight_, waiting_.size()});
    }
    wait(std::min(next_progress, next_due(now)));
  }
  if (!measuring_)
    begin_measuring();
  const auto end =
    plan_.length && (!stopped_ || !*stopped_) ? std::min(stop_, std::max(last_answer_, warm_)) : last_answer_;
  result_.measured = end - warm_;
  result_.sent = next_;
  result_.connections = connections_.size();
  result_.own_cpu = own_cpu() - cpu_before;
  for (auto& x : asks_.judge_all()) {
    ++result_.wrong;
    ++result_.reasons[x.why];
  }
  return std::move(result_);
}

void driver::begin_measuring() {
  measuring_ = true;
  result_.latency.clear();
  result_.right = 0;
  result_.busy = 0;
}

steady::time_point driver::due_at(std::uint64_t i) const {
  const std::chrono::duration<double> after{static_cast<double>(i) / *plan_.rate};
  return start_ + std::chrono::duration_cast<steady::duration>(after);
}

void driver::send_what_is_due(steady::time_point now) {
  if (plan_.rate)
    for (auto due = due_at(scheduled_);
         due <= now && due < stop_ && (!stopped_ || !*stopped_) && (!plan_.requests || scheduled_ < *plan_.requests);
         due = due_at(scheduled_)) {
      waiting_.push_back({next_++, due});
      ++scheduled_;
    }
  while (!waiting_.empty()) {
    const auto x = waiting_.front();
    if (x.attempts == 0 && x.due + plan_.timeout < now) {
      waiting_.pop_front();
      ++result_.failed;
      ++result_.reasons["no connection was free within the timeout"];
      continue;
    }
    auto* by = free_connection(node_for(x, now));
    if (!by)
      return;
    waiting_.pop_front();
    ask(*by, x);
  }
  while (!plan_.rate && may_send(now)) {
    const request x{next_, steady::now()};
    auto* by = free_connection(node_for(x, now));
    if (!by)
      return;
    ++next_;
    ask(*by, x);
  }
}

std::size_t driver::node_for(const request& x, steady::time_point now) const {
  const auto first = (x.number + x.attempts) % nodes_.size();
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (const auto next = (first + i) % nodes_.size(); nodes_[next].rests_until <= now)
      return next;
  return first;
}

steady::time_point driver::next_due(steady::time_point now) const {
  auto result = resting_.empty() ? steady::time_point::max() : resting_.top().first;
  if (!again_.empty())
    result = std::min(result, again_.top().first);
  if (!measuring_)
    result = std::min(result, warm_);
  if (now < stop_)
    result = std::min(result, stop_);
  if (plan_.rate && waiting_.empty() && now < stop_ && (!plan_.requests || scheduled_ < *plan_.requests))
    result = std::min(result, due_at(scheduled_));
  return result;
}

connection* driver::free_connection(std::size_t to) {
  const auto ready = std::find_if(idle_.rbegin(), idle_.rend(), [to](const connection* x) { return x->node == to; });
  if (ready != idle_.rend()) {
    auto* x = *ready;
    idle_.erase(std::next(ready).base());
    return x;
  }
  if (connections_.size() < (plan_.rate ? plan_.connections_max : plan_.in_flight)) {
    auto* x = connections_.emplace_back(std::make_unique<connection>()).get();
    x->node = to;
    return x;
  }
  if (idle_.empty())
    return nullptr;
  auto* x = idle_.back();
  idle_.pop_back();
  x->socket = descriptor{};
  x->node = to;
  return x;
}

void driver::ask(connection& by, const request& x) {
  const auto now = steady::now();
  by.carries = x;
  ++by.carries.attempts;
  by.sent = now;
  by.out.clear();
  by.written = 0;
  asks_.write(x.number, by.out);
  by.busy = true;
  ++in_flight_;
  if (!by.socket.open() && !connect(by))
    return fail(by, std::string{"no connection: "} + std::strerror(errno), now);
  if (!by.connecting)
    write(by, now);
}

bool driver::connect(connection& x) {
  x.reader.clear();
  const auto& to = nodes_[x.node].at;
  x.socket = descriptor{socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!x.socket.open())
    return false;
  const int on = 1;
  setsockopt(x.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool connected = ::connect(x.socket.get(), to.data(), to.size()) == 0;
  if (!connected && errno != EINPROGRESS) {
    const int why = errno;
    x.socket = descriptor{};
    errno = why;
    return false;
  }
  x.connecting = !connected;
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  wanted.data.ptr = &x;
  return epoll_ctl(poll_.get(), EPOLL_CTL_ADD, x.socket.get(), &wanted) == 0;
}

void driver::write(connection& x, steady::time_point now) {
  while (x.written < x.out.size()) {
    const auto n = send(x.socket.get(), x.out.data() + x.written, x.out.size() - x.written, MSG_NOSIGNAL);
    if (n > 0)
      x.written += static_cast<std::size_t>(n);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return;
    else if (errno != EINTR)
      return fail(x, std::string{"connection lost: "} + std::strerror(errno), now);
  }
}

void driver::read(connection& x, steady::time_point now) {
  for (;;) {
    const auto space = x.reader.space();
    const auto n = recv(x.socket.get(), space.data(), space.size(), 0);
    if (n < 0) {
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK)
        fail(x, std::string{"connection lost: "} + std::strerror(errno), now);
      return;
    }
    if (n == 0) {
      if (x.busy)
        return fail(x, x.reader.empty() ? "connection closed without an answer" : "connection closed within an answer",
                    now);
      x.socket = descriptor{}; // It was idle; the next request connects again.
      return;
    }
    x.reader.filled(static_cast<std::size_t>(n));
    response answer;
    const auto got = x.reader.read(answer);
    if (got == progress::broken || (got == progress::whole && !x.busy))
      return fail(x, "an answer that is no HTTP with a length", now);
    if (got == progress::whole)
      return answered(x, answer, now);
    if (static_cast<std::size_t>(n) < space.size())
      return; // The socket is empty, and epoll tells when it is not.
  }
}

void driver::on_event(connection& x, std::uint32_t events, steady::time_point now) {
  if (!x.socket.open())
    return;
  if (x.connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(x.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      return fail(x, std::string{"no connection: "} + std::strerror(error), now);
    if (!(events & EPOLLOUT))
      return;
    x.connecting = false;
  }
  if ((events & EPOLLOUT) && x.busy && x.written < x.out.size())
    write(x, now);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && x.socket.open())
    read(x, now);
}

void driver::answered(connection& x, const response& answer, steady::time_point now) {
  auto told = asks_.judge(x.carries.number, answer);
  const auto retry_after = answer.retry_after;
  const bool keep = answer.keep_alive;
  const int status = answer.status;
  x.reader.drop();
  x.busy = false;
  --in_flight_;
  last_answer_ = std::max(last_answer_, now);
  if (!keep)
    x.socket = descriptor{};
  const bool again = told.verdict != verdict::right && (status >= 500 || status == 429) && ask_again(x, now, told.why);
  note(x, now, true, status, told, again);
  if (again)
    return rest(x, now + again_after);
  if (told.verdict == verdict::right) {
    ++result_.right;
    if (measuring_) {
      result_.latency.add(now - x.carries.due);
      if (now < stop_)
        ++result_.right_measured;
    }
    idle_.push_back(&x);
    return;
  }
  ++(told.verdict == verdict::busy ? result_.busy : result_.wrong);
  ++result_.reasons[told.why];
  // Whoever is refused comes back later; in an open loop other connections go on meanwhile.
  if (told.verdict == verdict::busy)
    rest(x, now + std::min<steady::duration>(1s, retry_after ? std::chrono::seconds{*retry_after} : 100ms));
  else
    idle_.push_back(&x);
}

void driver::fail(connection& x, const std::string& why, steady::time_point now) {
  const bool connected = x.socket.open() && !x.connecting;
  x.socket = descriptor{};
  x.connecting = false;
  if (!x.busy)
    return;
  x.busy = false;
  --in_flight_;
  // As a balancer does: a node that cannot be asked is left alone for a moment.
  if (plan_.patience)
    nodes_[x.node].rests_until = now + node_rests;
  const bool again = ask_again(x, now, why);
  note(x, now, connected, 0, {verdict::wrong, why, {}, {}}, again);
  if (again)
    return rest(x, now + again_after);
  ++result_.failed;
  ++result_.reasons[why];
  rest(x, now + 100ms);
}

/// Whether the request of `x` is to be asked once more; it is then, a little later each time.
bool driver::ask_again(const connection& x, steady::time_point now, const std::string& why) {
  const auto at = now + std::min<steady::duration>(500ms, again_after * x.carries.attempts);
  if (!plan_.patience || x.carries.due + *plan_.patience < at || (stopped_ && *stopped_))
    return false;
  again_.emplace(at, x.carries);
  ++result_.repeated;
  ++result_.repeated_for[why];
  return true;
}

void driver::note(const connection& x, steady::time_point now, bool connected, int status, judgement told,
                  bool again) const {
  if (on_attempt_)
    on_attempt_({x.carries.number, x.node, x.carries.due, x.sent, now, connected, status, std::move(told), again});
}

void driver::give_up_late_ones(steady::time_point now) {
  for (const auto& x : connections_)
    if (x->busy && x->sent + plan_.timeout < now)
      fail(*x, "no answer within the timeout", now);
}

void driver::wait(steady::time_point until) {
  std::array<epoll_event, 256> events;
  const auto left = std::max<std::chrono::nanoseconds>(0ns, until - steady::now());
  const timespec timeout{static_cast<time_t>(left / 1s), static_cast<long>((left % 1s).count())};
  const int n = epoll_pwait2(poll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  const auto now = steady::now();
  for (int i = 0; i < n; ++i)
    on_event(*static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr),
             events[static_cast<std::size_t>(i)].events, now);
}

} // namespace

std::optional<endpoint> endpoint::parse(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme))
    return std::nullopt;
  url.remove_prefix(scheme.size());
  if (url.ends_with('/'))
    url.remove_suffix(1);
  if (url.empty() || url.find_first_of("/?#@") != std::string_view::npos)
    return std::nullopt;
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos;
  auto host = url.substr(0, has_port ? colon : url.size());
  const auto port = has_port ? url.substr(colon + 1) : "80";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty() || port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return endpoint{std::string{host}, std::string{port}};
}

double result::throughput() const {
  const auto seconds = std::chrono::duration<double>{measured}.count();
  return seconds > 0 ? static_cast<double>(right_measured) / seconds : 0;
}

result run(const std::vector<endpoint>& whom, scenario& asks, const plan& what,
           const std::function<void(const state_now&)>& on_progress, const volatile bool* stopped,
           const std::function<void(const attempt&)>& on_attempt) {
  return driver{whom, asks, what, on_progress, stopped, on_attempt}.run();
}

} // namespace troupe::load
