#include "adapters/http_client/curl_engine.hpp"

#include <curl/curl.h>

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::http {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t head_bytes_max = 64 << 10;
constexpr auto sweep_interval =
  std::chrono::milliseconds{100}; // how late a waiting call may learn that its time is over
constexpr std::size_t spare_transfers_max = 256;

struct job {
  engine_call call;
  curl_engine::done on_done;
  steady::time_point deadline;
};

bool same_name(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || marks.find(c) != std::string_view::npos;
  });
}

/// Nothing that could end a line and begin another.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) >= 32 && c != 127) || c == '\t'; });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 32 && c != 127; });
}

bool is_well_formed(const engine_call& x) {
  return is_token(x.message.method) && is_visible(x.base_url) && is_visible(x.message.target)
         && (x.base_url.starts_with("https://") || x.base_url.starts_with("http://"))
         && (x.message.target.empty() || x.message.target.front() == '/')
         && std::all_of(x.message.fields.begin(), x.message.fields.end(),
                        [](const auto& field) { return is_token(field.first) && is_field_value(field.second); });
}

/// Whether sending it twice does what sending it once does.
bool is_repeatable(const request& x) {
  constexpr std::array<std::string_view, 5> idempotent{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return std::find(idempotent.begin(), idempotent.end(), x.method) != idempotent.end()
         || !find(x.fields, "Idempotency-Key").empty();
}

struct multi_deleter {
  void operator()(CURLM* x) const { curl_multi_cleanup(x); }
};
struct easy_deleter {
  void operator()(CURL* x) const { curl_easy_cleanup(x); }
};
struct list_deleter {
  void operator()(curl_slist* x) const { curl_slist_free_all(x); }
};

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {
    if (fd < 0)
      throw std::runtime_error{"http client: no descriptor left"};
  }
  ~descriptor() { ::close(fd_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

/// One easy handle and what it is busy with. Handles are used again: making one costs more than a call.
struct transfer {
  std::unique_ptr<CURL, easy_deleter> easy;
  std::unique_ptr<curl_slist, list_deleter> fields;
  job work;
  std::string url;
  response answer;
  std::size_t head_bytes = 0;
  bool body_begun = false;
  bool sent = false; // the request may have left this machine
  bool repeatable = false;
  bool too_large = false;
  std::size_t slot = 0; // in the list of those in flight
  std::array<char, CURL_ERROR_SIZE> error_text{};
};

void init_libcurl() {
  static const auto result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK)
    throw std::runtime_error{"http client: libcurl does not start"};
}

/// What the end of a transfer that has no answer means.
ec code_of(CURLcode result, const transfer& t) {
  if (!t.sent) {
    // Whatever broke, it broke while connecting.
    switch (result) {
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_LOGIN_DENIED: return ec::refused;
      default: return ec::unavailable;
    }
  }
  if (t.too_large)
    return ec::bad_response;
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT: return ec::timed_out;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: // an answer that does not begin with HTTP/
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: return ec::bad_response;
    default: return ec::interrupted;
  }
}

} // namespace

class curl_engine::loop : public std::enable_shared_from_this<curl_engine::loop> {
public:
  explicit loop(client_options options)
    : options_(std::move(options)), events_(::epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    init_libcurl();
    multi_.reset(curl_multi_init());
    if (!multi_)
      throw std::runtime_error{"http client: libcurl does not start"};
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &loop::on_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &loop::on_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.calls_in_flight_max) * 4);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET; // by edge: nobody needs to read it
    event.data.fd = wakeup_.get();
    if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) != 0)
      throw std::runtime_error{"http client: epoll refuses"};
  }

  ~loop() {
    // Connections are closed by callbacks of ours, which need the members above.
    spare_.clear();
    multi_.reset();
  }

  void start() {
    thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
  }

  void stop() {
    {
      const std::lock_guard guard{mutex_};
      stopping_ = true;
    }
    wake();
    // Whoever lets go of the engine inside an answer is on its thread, which then ends by itself.
    if (thread_.get_id() == std::this_thread::get_id())
      thread_.detach();
    else
      thread_.join();
  }

  void submit(job x) {
    {
      const std::lock_guard guard{mutex_};
      if (!stopping_) {
        submitted_.push_back(std::move(x));
        if (std::exchange(attentive_, true))
          return;
      }
    }
    // A job that was not taken over is still here.
    if (x.on_done)
      x.on_done(engine_failure{ec::shutting_down, "the http client has stopped"});
    else
      wake();
  }

private:
  struct host {
    std::size_t in_flight = 0;
    std::deque<job> waiting;
  };

  /// What epoll knows about a socket, and what libcurl wants of it.
  struct interest {
    std::uint32_t registered = 0;
    std::uint32_t wanted = 0;
    bool ours = false; // opened and closed by callbacks of ours
  };

  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof one);
  }

  // ---- the thread ----

  void run() {
    // Signals are for the threads that handle them; OpenSSL would raise SIGPIPE here.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    std::vector<job> arrived;
    while (take_submitted(arrived)) {
      for (auto& x : arrived)
        admit(std::move(x));
      arrived.clear();
      run_due_timer();
      finish_ended();
      wait_for_events();
      finish_ended();
      sweep_waiting();
    }
    end_all(arrived);
  }

  /// False when it is time to stop.
  bool take_submitted(std::vector<job>& out) {
    const std::lock_guard guard{mutex_};
    std::swap(out, submitted_);
    attentive_ = false;
    return !stopping_;
  }

  void admit(job x) {
    if (!is_well_formed(x.call))
      return x.on_done(engine_failure{ec::refused, "not a valid HTTP message or URL"});
    if (x.call.timeout <= duration::zero())
      return x.on_done(engine_failure{ec::deadline, "no time left for the call"});
    auto& to = hosts_[x.call.base_url];
    if (to.in_flight < options_.calls_in_flight_max)
      return begin(to, std::move(x));
    if (to.waiting.size() >= options_.calls_waiting_max)
      return x.on_done(engine_failure{ec::overloaded, "too many calls wait"});
    if (waiting_++ == 0)
      next_sweep_ = steady::now() + sweep_interval;
    to.waiting.push_back(std::move(x));
  }

  void begin(host& to, job x) {
    auto t = take_transfer();
    if (!t)
      return x.on_done(engine_failure{ec::overloaded, "out of memory"});
    t->work = std::move(x);
    prepare(*t);
    if (curl_multi_add_handle(multi_.get(), t->easy.get()) != CURLM_OK)
      return t->work.on_done(engine_failure{ec::overloaded, "libcurl refuses the call"});
    ++to.in_flight;
    t->slot = in_flight_.size();
    in_flight_.push_back(std::move(t));
  }

  std::unique_ptr<transfer> take_transfer() {
    if (!spare_.empty()) {
      auto t = std::move(spare_.back());
      spare_.pop_back();
      return t;
    }
    auto t = std::make_unique<transfer>();
    t->easy.reset(curl_easy_init());
    if (!t->easy)
      return nullptr;
    set_constants(*t);
    return t;
  }

  void set_constants(transfer& t) {
    auto* easy = t.easy.get();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.error_text.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &loop::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &loop::on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &loop::on_sending);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &t);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &loop::on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &loop::on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str()); // "" also turns the environment's off
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty())
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); // no waiting for a name lookup that hangs
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                     static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options_.connection_idle_max).count()));
  }

  void prepare(transfer& t) {
    const auto& call = t.work.call;
    const auto& message = call.message;
    auto* easy = t.easy.get();
    t.url.assign(call.base_url);
    while (t.url.ends_with('/') && !message.target.empty())
      t.url.pop_back();
    t.url += message.target;
    t.answer = {};
    t.head_bytes = 0;
    t.body_begun = t.sent = t.too_large = false;
    t.repeatable = is_repeatable(message);
    t.error_text[0] = 0;
    curl_easy_setopt(easy, CURLOPT_URL, t.url.c_str());
    const bool tls = call.base_url.starts_with("https://");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     static_cast<long>(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L); // rather a stream of a connection that is being made
    set_method(t);
    set_fields(t);
    const auto left = std::max<std::int64_t>(1, std::chrono::ceil<duration>(t.work.deadline - steady::now()).count());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(std::min<std::int64_t>(left, options_.connect_timeout.count())));
  }

  static void set_method(transfer& t) {
    const auto& message = t.work.call.message;
    auto* easy = t.easy.get();
    const bool is_post = message.method == "POST";
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    if (is_post || !message.body.empty()) {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, message.body.data());
    } else if (message.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    const bool is_default = is_post || (message.body.empty() && (message.method == "GET" || message.method == "HEAD"));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_default ? nullptr : message.method.c_str());
  }

  static void set_fields(transfer& t) {
    curl_slist* list = nullptr;
    std::string line;
    const auto append = [&](const char* text) {
      if (auto* longer = curl_slist_append(list, text))
        list = longer;
    };
    bool has_type = false;
    for (const auto& [name, value] : t.work.call.message.fields) {
      // The framing is libcurl's business: a second opinion about the length would let requests be smuggled.
      if (same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding") || same_name(name, "Expect"))
        continue;
      has_type = has_type || same_name(name, "Content-Type");
      line.assign(name);
      line += value.empty() ? ";" : ": "; // libcurl's way to say: present and empty
      line += value;
      append(line.c_str());
    }
    if (!has_type)
      append("Content-Type:"); // otherwise libcurl takes a POST to be a form
    append("Expect:");         // nothing we send is worth a round trip of its own
    t.fields.reset(list);
    curl_easy_setopt(t.easy.get(), CURLOPT_HTTPHEADER, list);
  }

  void run_due_timer() {
    // A call that was just added is due at once, and running it may make others due; events come in between.
    if (timer_ && *timer_ <= steady::now()) {
      timer_.reset();
      int running = 0;
      curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
    }
  }

  int wait_ms() const {
    auto until = timer_;
    if (waiting_ > 0 && (!until || next_sweep_ < *until))
      until = next_sweep_;
    if (!until)
      return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*until - steady::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
  }

  void wait_for_events() {
    std::array<epoll_event, 64> ready;
    const int n = ::epoll_wait(events_.get(), ready.data(), static_cast<int>(ready.size()), wait_ms());
    for (int i = 0; i < n; ++i) {
      const auto fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == wakeup_.get())
        continue;
      auto& socket = interest_of(fd);
      if (socket.wanted == 0) {
        // An idle connection that its peer has closed: libcurl finds out by itself before it uses it again.
        update(fd, socket, 0);
        continue;
      }
      const auto events = ready[static_cast<std::size_t>(i)].events;
      int flags = 0;
      if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        flags |= CURL_CSELECT_IN;
      if (events & EPOLLOUT)
        flags |= CURL_CSELECT_OUT;
      if (events & EPOLLERR)
        flags |= CURL_CSELECT_ERR;
      int running = 0;
      curl_multi_socket_action(multi_.get(), fd, flags, &running);
    }
  }

  void finish_ended() {
    int left = 0;
    while (auto* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto* easy = message->easy_handle;
      const auto result = message->data.result; // gone after the next call to libcurl
      char* data = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
      finish(*reinterpret_cast<transfer*>(data), result);
    }
  }

  void finish(transfer& ended, CURLcode result) {
    curl_multi_remove_handle(multi_.get(), ended.easy.get());
    auto t = take_from_flight(ended);
    auto work = std::move(t->work);
    if (result == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(t->easy.get(), CURLINFO_RESPONSE_CODE, &status);
      t->answer.status = static_cast<int>(status);
      work.on_done(std::move(t->answer));
    } else {
      work.on_done(engine_failure{code_of(result, *t), text_of(result, *t)});
    }
    t->answer = {};
    if (spare_.size() < spare_transfers_max)
      spare_.push_back(std::move(t));
    begin_next(work.call.base_url);
  }

  static std::string text_of(CURLcode result, const transfer& t) {
    if (t.too_large)
      return "the answer is larger than allowed";
    return t.error_text[0] ? t.error_text.data() : curl_easy_strerror(result);
  }

  std::unique_ptr<transfer> take_from_flight(transfer& x) {
    auto& last = in_flight_.back();
    last->slot = x.slot;
    std::swap(in_flight_[x.slot], last);
    auto t = std::move(in_flight_.back());
    in_flight_.pop_back();
    return t;
  }

  void begin_next(const std::string& base_url) {
    const auto at = hosts_.find(base_url);
    auto& from = at->second;
    --from.in_flight;
    while (!from.waiting.empty() && from.in_flight < options_.calls_in_flight_max) {
      auto next = std::move(from.waiting.front());
      from.waiting.pop_front();
      --waiting_;
      if (next.deadline <= steady::now())
        give_up_waiting(next);
      else
        begin(from, std::move(next));
    }
    if (from.in_flight == 0 && hosts_.size() > hosts_kept_max)
      hosts_.erase(at);
  }

  static void give_up_waiting(job& x) {
    x.on_done(engine_failure{ec::overloaded, "its time was over while other calls were in flight"});
  }

  void sweep_waiting() {
    if (waiting_ == 0 || steady::now() < next_sweep_)
      return;
    const auto now = steady::now();
    for (auto& [base_url, from] : hosts_) {
      const auto late = std::stable_partition(from.waiting.begin(), from.waiting.end(),
                                              [now](const job& x) { return x.deadline > now; });
      std::for_each(late, from.waiting.end(), give_up_waiting);
      waiting_ -= static_cast<std::size_t>(from.waiting.end() - late);
      from.waiting.erase(late, from.waiting.end());
    }
    next_sweep_ = now + sweep_interval;
  }

  void end_all(std::vector<job>& arrived) {
    const auto unsent = engine_failure{ec::shutting_down, "the http client stops"};
    for (auto& t : std::exchange(in_flight_, {})) {
      curl_multi_remove_handle(multi_.get(), t->easy.get());
      t->work.on_done(t->sent ? engine_failure{ec::interrupted, "the http client stops"} : unsent);
    }
    for (auto& [base_url, from] : std::exchange(hosts_, {}))
      for (auto& x : from.waiting)
        x.on_done(unsent);
    for (auto& x : arrived)
      x.on_done(unsent);
  }

  // ---- sockets and timer, as libcurl asks for them ----

  interest& interest_of(int fd) {
    const auto at = static_cast<std::size_t>(fd);
    if (at >= interests_.size())
      interests_.resize(at + 64);
    return interests_[at];
  }

  void update(int fd, interest& x, std::uint32_t registered) {
    if (x.registered == registered)
      return;
    epoll_event event{};
    event.events = registered;
    event.data.fd = fd;
    const int what = x.registered == 0 ? EPOLL_CTL_ADD : registered == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    ::epoll_ctl(events_.get(), what, fd, &event);
    x.registered = registered;
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* data, void*) {
    auto& self = *static_cast<loop*>(data);
    auto& x = self.interest_of(fd);
    x.wanted = (what & CURL_POLL_IN && what != CURL_POLL_REMOVE ? EPOLLIN : 0u)
               | (what & CURL_POLL_OUT && what != CURL_POLL_REMOVE ? EPOLLOUT : 0u);
    // A kept connection stays registered between two calls, which saves two system calls a call. That is not possible
    // for the sockets that libcurl opens and closes behind our back.
    if (x.wanted != 0 || !x.ours)
      self.update(fd, x, x.wanted);
    return 0;
  }

  static int on_timer(CURLM*, long ms, void* data) {
    auto& self = *static_cast<loop*>(data);
    if (ms < 0)
      self.timer_.reset();
    else
      self.timer_ = steady::now() + std::chrono::milliseconds{ms};
    return 0;
  }

  static curl_socket_t on_open(void* data, curlsocktype, curl_sockaddr* address) {
    const auto fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    if (fd < 0)
      return CURL_SOCKET_BAD;
    static_cast<loop*>(data)->interest_of(fd) = {.ours = true};
    return fd;
  }

  static int on_close(void* data, curl_socket_t fd) {
    static_cast<loop*>(data)->interest_of(fd) = {}; // closing it ends its registration, too
    return ::close(fd);
  }

  // ---- one transfer, as libcurl reports on it ----

  /// Called right before each attempt to send.
  static int on_sending(void* data, char*, char*, int, int) {
    auto& t = *static_cast<transfer*>(data);
    if (t.sent && !t.repeatable)
      return CURL_PREREQFUNC_ABORT; // libcurl tries again after a kept connection turned out to be dead
    t.sent = true;
    return CURL_PREREQFUNC_OK;
  }

  static std::size_t on_head(char* bytes, std::size_t, std::size_t size, void* data) {
    auto& t = *static_cast<transfer*>(data);
    std::string_view line{bytes, size};
    t.head_bytes += size;
    if (t.head_bytes > head_bytes_max) {
      t.too_large = true;
      return 0;
    }
    if (t.body_begun)
      return size; // trailers
    if (line.starts_with("HTTP/")) {
      t.answer.fields.clear(); // what came before was informational
      return size;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ' || line.back() == '\t'))
      line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return size;
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    t.answer.fields.emplace_back(line.substr(0, colon), value);
    return size;
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* data) {
    auto& t = *static_cast<transfer*>(data);
    t.body_begun = true;
    if (t.answer.body.size() + size > t.work.call.body_bytes_max) {
      t.too_large = true;
      return 0;
    }
    t.answer.body.append(bytes, size);
    return size;
  }

  static constexpr std::size_t hosts_kept_max = 64;

  const client_options options_;
  const descriptor events_;
  const descriptor wakeup_;

  std::mutex mutex_; // guards the next three
  std::vector<job> submitted_;
  bool attentive_ = false; // the thread will look at `submitted_` before it waits
  bool stopping_ = false;
  std::thread thread_;

  // Only the thread touches what follows.
  std::vector<interest> interests_; // by descriptor
  std::optional<steady::time_point> timer_;
  std::unordered_map<std::string, host> hosts_; // by base URL
  std::size_t waiting_ = 0;                     // over all hosts
  steady::time_point next_sweep_;
  std::unique_ptr<CURLM, multi_deleter> multi_;
  std::vector<std::unique_ptr<transfer>> in_flight_;
  std::vector<std::unique_ptr<transfer>> spare_;
};

curl_engine::curl_engine(client_options options) : loop_(std::make_shared<loop>(std::move(options))) {
  loop_->start();
}

curl_engine::~curl_engine() {
  loop_->stop();
}

void curl_engine::submit(engine_call call, done on_done) {
  const auto deadline = steady::now() + call.timeout;
  const auto kept = loop_; // the answer may come, and end the engine, before this returns
  kept->submit({std::move(call), std::move(on_done), deadline});
}

} // namespace troupe::http
