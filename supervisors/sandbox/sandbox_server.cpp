#include "supervisors/sandbox/sandbox_server.hpp"

#include "adapters/http_client/curl_engine.hpp"
#include "supervisors/sandbox/smtp_server.hpp"
#include "supervisors/sandbox/state_log.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

namespace troupe::sandbox {

namespace {

constexpr duration webhook_timeout{10'000};
constexpr duration first_pause{500}; // before a webhook is sent again; then it doubles
constexpr std::size_t webhook_retries_max = 10'000;

using server_ending = decltype(gateway::exchange_result::ending);

server_ending translate(sandbox_ending x) {
  switch (x) {
    case sandbox_ending::answered: return server_ending::answered;
    case sandbox_ending::truncated: return server_ending::truncated;
    case sandbox_ending::dropped: break;
  }
  return server_ending::dropped;
}

} // namespace

// What the io threads and the client's callbacks use. The timer is used on the thread of its context only.
struct sandbox_server::shared : std::enable_shared_from_this<shared> {
  struct attempt {
    webhook what;
    int number = 1;
  };

  shared(server_options x, boost::asio::io_context& on)
    : with(std::move(x)), latest(with.now()), box(with.sandbox, with.random, latest), context(on), timer(on) {
    const auto scheme = with.webhook_url.find("://");
    const auto path = scheme == std::string::npos ? scheme : with.webhook_url.find('/', scheme + 3);
    webhook_base = with.webhook_url.substr(0, path);
    webhook_target = path == std::string::npos ? "/" : with.webhook_url.substr(path);
    if (with.log_path.empty())
      return;
    log.emplace(with.log_path, [this](std::string_view line) { return box.replay(line); });
    box.keep_in({[this](std::string_view line) { return log->append(line); }, [this] { return log->clear(); }});
  }

  // A wall clock may go back; the sandbox's time may not.
  time_point now() { return latest = std::max(latest, with.now()); }

  outcome handle(http::request r) {
    std::lock_guard lock{mutex};
    auto result = box.handle(std::move(r), now());
    if (client && box.next_due())
      wake();
    return result;
  }

  // With the mutex held.
  void wake() {
    if (std::exchange(awake, true))
      return;
    boost::asio::post(context, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->pump();
    });
  }

  void pump() {
    std::lock_guard lock{mutex};
    awake = false;
    if (!client)
      return;
    const auto at = now();
    for (auto& x : box.take_webhooks(at))
      send({std::move(x)}, at);
    while (!retries.empty() && retries.begin()->first <= at)
      send(std::move(retries.extract(retries.begin()).mapped()), at);
    auto next = box.next_due();
    if (!retries.empty())
      next = next ? std::min(*next, retries.begin()->first) : retries.begin()->first;
    if (!next)
      return;
    timer.expires_after(*next - at);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (const auto self = error ? nullptr : weak.lock())
        self->pump();
    });
  }

  void send(attempt x, time_point at) {
    http::engine_call call;
    call.base_url = webhook_base;
    call.message.method = "POST";
    call.message.target = webhook_target;
    call.message.fields = {{"Content-Type", "application/json"}, {"Stripe-Signature", box.sign(x.what.body, at)}};
    call.message.body = x.what.body;
    call.timeout = webhook_timeout;
    client->submit(std::move(call),
                   [weak = weak_from_this(), x = std::move(x)](const http::engine_result& result) mutable {
                     const auto* answer = std::get_if<http::response>(&result);
                     if (answer && answer->status >= 200 && answer->status < 300)
                       return;
                     if (const auto self = weak.lock())
                       self->send_again(std::move(x));
                   });
  }

  void send_again(attempt x) {
    std::lock_guard lock{mutex};
    if (!client || x.number >= webhook_attempts_max || retries.size() >= webhook_retries_max)
      return;
    const auto pause = first_pause * (1 << (x.number - 1));
    ++x.number;
    retries.emplace(now() + pause, std::move(x));
    wake();
  }

  const server_options with;
  std::string webhook_base;
  std::string webhook_target;
  std::mutex mutex; // for all that follows but the context
  time_point latest;
  sandbox box;
  std::optional<state_log> log;
  http::curl_engine* client = nullptr;
  std::multimap<time_point, attempt> retries;
  bool awake = false; // a pump is on its way
  boost::asio::io_context& context;
  boost::asio::steady_timer timer;
};

sandbox_server::sandbox_server(server_options with, const gateway::server::contexts& on) {
  gateway::options how;
  how.address = with.address;
  how.port = with.port;
  how.now = with.now;
  how.random = with.random;
  if (with.webhook_url.empty())
    with.sandbox.stripe.webhook_secret.clear(); // Makes no events that nobody takes.
  const bool has_webhooks = !with.sandbox.stripe.webhook_secret.empty();
  shared_ = std::make_shared<shared>(std::move(with), on.front().get());
  if (has_webhooks) {
    client_ = std::make_unique<http::curl_engine>(http::client_options{});
    shared_->client = client_.get();
  }
  server_ = std::make_unique<gateway::server>(
    std::move(how), on, [to = shared_](http::request r) -> boost::asio::awaitable<gateway::exchange_result> {
      auto x = to->handle(std::move(r));
      co_return gateway::exchange_result{std::move(x.response), x.delay, translate(x.ending)};
    });
  smtp_options sink;
  sink.address = shared_->with.address;
  sink.port = shared_->with.smtp_port;
  sink.take = [to = shared_](email::letter x) {
    std::lock_guard lock{to->mutex};
    return to->box.take_mail(std::move(x), to->now());
  };
  sink.fails = [to = shared_](email::recipient_kind kind) {
    std::lock_guard lock{to->mutex};
    return to->box.fails(kind);
  };
  sink_ = std::make_unique<smtp_server>(std::move(sink), on.front().get());
  std::lock_guard lock{shared_->mutex};
  if (client_ && shared_->box.next_due())
    shared_->wake(); // What was pending when the log ends.
}

sandbox_server::~sandbox_server() {
  sink_.reset();
  server_.reset();
  {
    std::lock_guard lock{shared_->mutex};
    shared_->client = nullptr;
  }
  client_.reset();
}

std::uint16_t sandbox_server::port() const {
  return server_->port();
}

std::uint16_t sandbox_server::smtp_port() const {
  return sink_->port();
}

bool sandbox_server::stop() {
  return server_->stop();
}

} // namespace troupe::sandbox
