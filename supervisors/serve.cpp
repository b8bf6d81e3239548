#include "supervisors/serve.hpp"

#include "adapters/email/message.hpp"
#include "adapters/webhook/codec.hpp"
#include "config/table.hpp"
#include "supervisors/demo.hpp"
#include "supervisors/entropy.hpp"
#include "supervisors/node.hpp"
#include "supervisors/observability/log.hpp"
#include "supervisors/sandbox/sandbox_server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace troupe {

namespace {

/// Blocks the signals for this thread and all that it starts, and waits for them instead of being interrupted.
class signals {
public:
  signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
      sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // A client that has gone is an error of its write, not of the process.
  }

  int wait() {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
  }

  /// Until one comes, but not for longer than this.
  void wait(duration at_most) {
    const timespec time{at_most.count() / 1'000, at_most.count() % 1'000 * 1'000'000};
    sigtimedwait(&set_, nullptr, &time);
  }

private:
  sigset_t set_;
};

/// A sandbox with a thread of its own, so that it is a stranger to the node's threads as a real provider would be.
class own_sandbox {
public:
  explicit own_sandbox(sandbox::server_options with)
    : guard_(boost::asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {
    try {
      server_ =
        std::make_unique<sandbox::sandbox_server>(std::move(with), gateway::server::contexts{std::ref(context_)});
    } catch (...) {
      end();
      throw;
    }
  }

  ~own_sandbox() {
    server_->stop();
    server_.reset();
    end();
  }

  own_sandbox(const own_sandbox&) = delete;
  own_sandbox& operator=(const own_sandbox&) = delete;

  std::uint16_t port() const { return server_->port(); }
  std::uint16_t smtp_port() const { return server_->smtp_port(); }

private:
  void end() {
    guard_.reset();
    context_.stop();
    thread_.join();
  }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
  std::unique_ptr<sandbox::sandbox_server> server_;
};

payment::provider_options to_adapter(const std::string& name, const config::provider_options& x) {
  payment::provider_options out;
  out.name = name;
  out.kind = x.kind;
  out.base_url = x.base_url;
  out.token = x.token.reveal();
  out.oauth_token_url = x.oauth.token_url;
  out.oauth_client_id = x.oauth.client_id;
  out.oauth_client_secret = x.oauth.client_secret.reveal();
  out.oauth_scope = x.oauth.scope;
  out.api_key = x.api_key.reveal();
  out.webhook_secret = x.webhook_secret.reveal();
  out.timeout = x.timeout;
  out.key_lifetime = x.key_lifetime;
  out.search_lag = x.search_lag;
  return out;
}

/// "troupe.yaml:42" without the folder, which is on every reason's way.
std::string short_place(const std::string& place) {
  return place.substr(place.rfind('/') + 1); // npos + 1 is 0.
}

using origin_map = std::map<std::string, std::string>; // of options, as config::loaded has them

email::provider_options to_mailer(const std::string& name, const config::email_provider_options& x,
                                  const config::email_options& all) {
  email::provider_options out;
  out.name = name;
  out.kind = x.kind;
  out.base_url = x.base_url;
  out.api_key = x.api_key.reveal();
  out.url = x.url;
  out.user = x.user;
  out.password = x.password.reveal();
  out.start_tls = x.start_tls;
  out.timeout = x.timeout;
  // A pause lets a second's worth of transactional mails leave at once; of mails in bulk, a minute's.
  const auto transactional = static_cast<std::uint32_t>(all.transactional_per_second);
  const auto bulk = static_cast<std::uint32_t>(all.bulk_per_hour);
  out.pace.transactional = {transactional, std::chrono::seconds{1}, transactional};
  out.pace.bulk = {bulk, std::chrono::hours{1}, std::max(1u, bulk / 60)};
  return out;
}

email_settings to_email(const config::email_options& x) {
  email_settings out;
  out.from = email::parse_mailbox(x.from).value_or(notification::mailbox{});
  out.templates = x.templates;
  out.policy.attempts_max = static_cast<std::uint32_t>(x.attempts_max);
  out.policy.unanswered_max = static_cast<std::uint32_t>(x.unanswered_max);
  out.policy.retry_base = x.retry_base;
  out.policy.rate_limit_wait = x.rate_limit_wait;
  out.policy.lifetime = x.lifetime;
  if (!x.enabled)
    return out;
  auto names = config::names_in(x.order);
  if (names.empty())
    for (const auto& [name, provider] : x.providers)
      names.push_back(name);
  for (const auto& name : names)
    if (const auto found = x.providers.find(name); found != x.providers.end())
      out.providers.push_back(to_mailer(name, found->second, x));
  return out;
}

node_tuning to_tuning(const config::options& x, const origin_map& origins) {
  node_tuning out;
  out.limits.head_bytes_max = x.http.head_bytes_max.bytes;
  out.limits.body_bytes_max = x.http.body_bytes_max.bytes;
  out.limits.json_depth_max = x.http.json_depth_max;
  out.limits.connections_max = x.http.connections_max;
  out.limits.head_time = x.http.head_timeout;
  out.limits.body_time = x.http.body_timeout;
  out.limits.idle_time = x.http.idle_timeout;
  out.limits.write_time = x.http.write_timeout;
  out.limits.drain_time = x.http.drain;
  out.default_provider = x.payment.default_provider;
  out.capture_at_once = x.orders.capture_at_once;
  out.orders.hold_time = x.orders.hold_time;
  out.orders.retry_base = x.orders.retry_base;
  out.orders.retry_max = x.orders.retry_max;
  out.orders.capture_window = x.orders.capture_window;
  out.inventory.low_stock_threshold = static_cast<inventory::units_t>(x.inventory.low_stock_threshold);
  out.queue_depth_max = x.queues.depth_max;
  out.slowness = {x.supervision.sheds_after, x.supervision.not_ready_after};
  std::map<std::string, std::string> sources;
  for (const auto& [name, rules] : x.policies)
    if (const auto found = origins.find(std::string{config::policies_key} + "." + name); found != origins.end())
      sources.emplace(name, short_place(found->second));
  out.policies = {x.policies, std::move(sources)};
  for (const auto& [name, provider] : x.payment.providers)
    out.guard_policies.emplace("payment." + name, provider.policy);
  for (const auto& [name, provider] : x.email.providers)
    out.guard_policies.emplace("email." + name, provider.policy);
  out.guard_policies.emplace(webhook_guard, x.webhook.policy);
  return out;
}

webhook_settings to_webhook(const config::webhook_options& x) {
  webhook_settings out;
  out.receiver.url = x.url;
  out.receiver.key = webhook::parse_secret(x.key.reveal()).value_or("");
  out.receiver.timeout = x.timeout;
  for (const auto& name : config::names_in(x.events))
    if (const auto kind = alarm::parse_kind(name))
      out.told.insert(*kind);
  return out;
}

/// "zone=a,egress=fixed"; a word without a value has an empty one.
std::map<std::string, std::string> to_labels(const std::string& text) {
  std::map<std::string, std::string> out;
  for (const auto& word : config::names_in(text)) {
    const auto equals = word.find('=');
    out[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return out;
}

cluster::discovery_settings to_discovery(const config::discovery_options& x) {
  using kind = cluster::discovery_settings::kind;
  cluster::discovery_settings out;
  if (x.kind != "store")
    out.from = x.kind == "dns" ? kind::dns : (x.kind == "consul" ? kind::consul : kind::listed);
  for (const auto& [name, address] : to_labels(x.nodes))
    if (auto where = discovery::parse_address(address))
      out.nodes.emplace(name, *std::move(where));
  out.service = x.service;
  out.port = static_cast<std::uint16_t>(x.port);
  out.server = x.server;
  out.url = x.url;
  out.token = x.token.reveal();
  return out;
}

cluster_settings to_cluster(const config::cluster_options& x) {
  cluster_settings out;
  out.enabled = x.enabled;
  out.address = x.port.address;
  out.port = x.port.port;
  out.advertise = x.advertise;
  out.roles = cluster::parse_role_set(x.roles).value_or(out.roles);
  out.labels = to_labels(x.labels);
  out.weight = static_cast<std::uint32_t>(x.weight);
  out.lease = x.lease;
  out.renewal = x.renewal;
  out.moves_at_once = static_cast<std::uint32_t>(x.moves_at_once);
  out.drain = x.drain;
  out.certificate = x.certificate;
  out.key = x.key;
  out.ca = x.ca;
  out.discovery = to_discovery(x.discovery);
  for (const auto& [kind, text] : {std::pair{"payment", &x.payment_placement}, {"email", &x.email_placement}})
    if (auto label = cluster::parse_label(*text))
      out.placement.emplace(kind, *std::move(label));
  return out;
}

node_settings to_settings(const config::options& x, const origin_map& origins) {
  node_settings out;
  const std::filesystem::path state = x.node.state_directory;
  out.name = x.node.name;
  out.threads = x.node.threads;
  out.store = to_store(x.store);
  out.cluster = to_cluster(x.cluster);
  out.operator_key_file = state / "operator.key";
  out.commerce_address = x.commerce.address;
  out.commerce_port = x.commerce.port;
  out.operations_address = x.operations.address;
  out.operations_port = x.operations.port;
  out.client.calls_in_flight_max = x.client.calls_in_flight_max;
  out.client.calls_waiting_max = x.client.calls_waiting_max;
  out.client.connect_timeout = x.client.connect_timeout;
  out.client.connection_idle_max = x.client.connection_idle_max;
  out.client.proxy = x.client.proxy;
  out.client.ca_file = x.client.ca_file;
  out.cluster.discovery.client = out.client;
  for (const auto& [name, provider] : x.payment.providers)
    out.providers.push_back(to_adapter(name, provider));
  out.email = to_email(x.email);
  out.webhook = to_webhook(x.webhook);
  out.tuning = to_tuning(x, origins);
  out.idle_timeout = x.entities.idle_timeout;
  out.snapshot_every = x.entities.snapshot_every;
  out.live_max = x.entities.live_max;
  out.restarts.restarts_max = static_cast<std::uint32_t>(x.supervision.restarts_max);
  out.restarts.within = x.supervision.restarts_within;
  out.demo_catalog = x.demo.catalog;
  return out;
}

sandbox::server_options to_sandbox(const config::options& x) {
  sandbox::server_options out;
  out.address = x.sandbox.address;
  out.port = x.sandbox.port;
  out.smtp_port = x.sandbox.smtp_port;
  out.log_path = (std::filesystem::path{x.node.state_directory} / "sandbox.log").string();
  if (x.commerce.port != 0)
    out.webhook_url = config::url_of(x.commerce.address, x.commerce.port) + "/webhooks/stripe";
  // The sandbox is one Stripe account, which signs with one secret; the node takes the secret of any of its providers.
  for (const auto& [name, provider] : x.payment.providers)
    if (provider.kind == "stripe" && out.sandbox.stripe.webhook_secret.empty())
      out.sandbox.stripe.webhook_secret = provider.webhook_secret.reveal();
  out.now = system_clock();
  out.random = system_random();
  return out;
}

/// With a port 0 the sandbox's address is known only when it runs; whoever is to call it there learns it now.
void point_to_sandbox(node_settings& settings, const config::sandbox_options& before, std::uint16_t port,
                      std::uint16_t smtp_port) {
  auto where = before;
  where.port = port;
  where.smtp_port = smtp_port;
  const auto payments = config::sandbox_providers(before);
  for (const auto& [name, known] : config::sandbox_providers(where))
    for (auto& provider : settings.providers)
      if (provider.name == name && provider.base_url == payments.at(name).base_url)
        provider.base_url = known.base_url;
  const auto mailers = config::sandbox_email_providers(before);
  for (const auto& [name, known] : config::sandbox_email_providers(where))
    for (auto& provider : settings.email.providers)
      if (provider.name == name && provider.base_url == mailers.at(name).base_url
          && provider.url == mailers.at(name).url) {
        provider.base_url = known.base_url;
        provider.url = known.url;
      }
}

void set_up_log(const config::options& x) {
  const bool text = x.log.format == "text" || (x.log.format == "auto" && ::isatty(STDERR_FILENO) != 0);
  log::set_up(log::parse_level(x.log.level).value_or(log::level::info), text ? log::format::text : log::format::json,
              x.node.name);
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw std::runtime_error{"cannot make the folder " + folder.string() + ": " + error.message()};
}

/// The folder of a new node is for its owner alone. One that was there is as somebody wants it: others may live in it.
void prepare_state(const config::options& x) {
  std::filesystem::path state = x.node.state_directory;
  if (!state.has_filename())
    state = state.parent_path(); // "state/"
  if (state.has_parent_path())
    make_folders(state.parent_path());
  if (::mkdir(state.c_str(), 0700) != 0) {
    const auto why = errno;
    struct stat about {};
    if (why != EEXIST || ::stat(state.c_str(), &about) != 0 || !S_ISDIR(about.st_mode))
      throw std::runtime_error{"cannot make the state directory " + state.string() + ": "
                               + (why == EEXIST ? "it is no folder" : std::strerror(why))
                               + "; name another one with node.state_directory or TROUPE_STATE"};
    if ((about.st_mode & 077) != 0)
      log::warn("The state directory is open to other users, and orders hold addresses; chmod 700 closes it",
                {{"directory", state.native()}});
  }
  if (const auto folder = std::filesystem::path{x.store.path}.parent_path();
      x.store.kind == "sqlite" && !folder.empty())
    make_folders(folder);
}

void reload(const config::sources& from, config::options& current, node& running) {
  const auto loaded = config::load(from);
  if (!loaded.problems.empty()) {
    for (const auto& x : loaded.problems)
      log::error("The new configuration is refused, the old one stays", {{"problem", to_string(x)}});
    return;
  }
  auto difference = config::diff(current, loaded.values);
  for (const auto& x : difference.applied)
    log::info("Option changed", {{"option", x.key}, {"from", x.from}, {"to", x.to}});
  for (const auto& x : difference.needs_restart)
    log::warn("Option changes at the next start", {{"option", x.key}, {"from", x.from}, {"to", x.to}});
  if (difference.applied.empty() && difference.needs_restart.empty())
    log::info("The configuration has not changed");
  current = std::move(difference.values);
  if (const auto level = log::parse_level(current.log.level))
    log::set_level(*level);
  running.tune(to_tuning(current, loaded.origins));
}

void print_welcome(const config::options& x, const node& running, std::uint16_t sandbox_port) {
  const auto base = config::url_of(x.commerce.address, running.commerce_port());
  const bool serves = running.commerce_port() != 0;
  std::cout << "troupe " TROUPE_VERSION " is up\n"
            << "  commerce      "
            << (serves ? base + "  (" + base + "/openapi.json)" : "none, for cluster.roles has no gateway") << '\n'
            << "  operations    " << config::url_of(x.operations.address, running.operations_port())
            << "/health/ready\n";
  if (sandbox_port != 0)
    std::cout << "  sandbox       " << config::url_of(x.sandbox.address, sandbox_port) << "/_sandbox/ledger\n"
              << "  inbox         " << config::url_of(x.sandbox.address, sandbox_port) << "/_sandbox/inbox\n";
  std::cout << "  store         " << describe(to_store(x.store)) << '\n'
            << "  operator key  " << running.operator_key_file().string()
            << (running.operator_key_made() ? "  (made just now)" : "") << '\n';
  if (x.demo.catalog && serves) {
    std::cout << "\nTry a first order:\n\n"
              << "  curl -s " << base
              << "/api/v2/orders -H 'Content-Type: application/json' -H 'Prefer: wait=10' -d '{\n"
              << "    \"customerId\": \"c-1\", \"email\": \"ada@example.com\", \"currency\": \"EUR\",\n"
              << "    \"items\": [{\"sku\": \"espresso-beans-1kg\", \"quantity\": 2}],\n"
              << "    \"payment\": {\"method\": \"tok_ok\"}}'\n\n"
              << "On the shelf:";
    for (const auto& product : demo_catalog())
      std::cout << ' ' << product.sku;
    std::cout << "\n";
  }
  std::cout << std::flush;
}

} // namespace

void end_at_once(const std::string& part, const std::string& why) {
  // The journal says what is true, and every start goes by it: better begin anew than go on without a part.
  log::error("Restarts do not help; the process ends", {{"part", part}, {"reason", why}});
  std::_Exit(1);
}

bool complain(const config::loaded& x) {
  for (const auto& warning : x.warnings)
    std::cerr << "troupe: warning: " << to_string(warning) << '\n';
  for (const auto& problem : x.problems)
    std::cerr << "troupe: " << to_string(problem) << '\n';
  return !x.problems.empty();
}

std::string problem_with_provider(const std::string& name, const config::provider_options& x) {
  return payment::problem_with(to_adapter(name, x));
}

std::string problem_with_email_provider(const std::string& name, const config::email_provider_options& x) {
  return email::problem_with(to_mailer(name, x, {}));
}

std::string problem_with_email(const config::email_options& x) {
  if (!email::parse_mailbox(x.from))
    return "from: must be an address, as in Shop <orders@shop.example>";
  std::error_code error;
  return x.templates.empty() || std::filesystem::is_directory(x.templates, error)
           ? ""
           : "templates: there is no such folder";
}

std::string problem_with_webhook(const config::webhook_options& x) {
  for (const auto& name : config::names_in(x.events))
    if (!alarm::parse_kind(name))
      return "events: there is none \"" + name + '"';
  if (x.url.empty())
    return "";
  if (!x.url.starts_with("https://") && !x.url.starts_with("http://"))
    return "url: an http or https URL is needed";
  if (!webhook::parse_secret(x.key.reveal()))
    return "secret: must be whsec_ and 24 to 64 bytes in Base64, as `echo whsec_$(openssl rand -base64 32)` makes it";
  return "";
}

int serve(const config::sources& from) {
  signals pending; // before the first thread
  const auto loaded = config::load(from);
  if (complain(loaded))
    return 2;
  auto options = loaded.values;
  try {
    set_up_log(options);
    prepare_state(options);
    std::unique_ptr<own_sandbox> sandbox;
    auto settings = to_settings(options, loaded.origins);
    settings.failed = end_at_once;
    // Before the sandbox's log, which is in use as well when another node runs here: this refusal names that node.
    refuse_unusable_store(settings.store);
    if (options.sandbox.enabled) {
      sandbox = std::make_unique<own_sandbox>(to_sandbox(options));
      point_to_sandbox(settings, options.sandbox, sandbox->port(), sandbox->smtp_port());
    }
    node running{std::move(settings)};
    print_welcome(options, running, sandbox ? sandbox->port() : std::uint16_t{0});
    log::info("Node started", {{"version", TROUPE_VERSION}});
    for (int signal = pending.wait(); signal == SIGHUP; signal = pending.wait())
      reload(from, options, running);
    log::info("Draining");
    running.announce_end();
    pending.wait(options.http.notice); // Who asks twice does not want to wait.
    const bool whole = running.stop();
    log::info("Node stopped", {{"whole", whole}});
    return whole ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what() << '\n';
    return 1;
  }
}

int run_sandbox(const config::sources& from, const std::string& faults_file) {
  signals pending;
  const auto loaded = config::load(from);
  if (complain(loaded))
    return 2;
  const auto& options = loaded.values;
  try {
    set_up_log(options);
    prepare_state(options);
    auto with = to_sandbox(options);
    if (!faults_file.empty()) {
      std::ifstream in{faults_file};
      if (!in)
        throw std::runtime_error{"cannot read the faults file " + faults_file};
      std::ostringstream text;
      text << in.rdbuf();
      auto plan = sandbox::parse_plan(text.str());
      if (const auto* wrong = std::get_if<std::vector<sandbox::plan_error>>(&plan))
        throw std::runtime_error{faults_file + ": " + wrong->front().pointer + ": " + wrong->front().detail};
      with.sandbox.faults = std::get<sandbox::fault_plan>(std::move(plan));
    }
    own_sandbox running{std::move(with)};
    std::cout << "troupe sandbox at " << config::url_of(options.sandbox.address, running.port())
              << " (/stripe, /rest, /resend, /sendgrid, /_sandbox/ledger, /_sandbox/inbox, /_sandbox/faults), SMTP at "
              << options.sandbox.address << " port " << running.smtp_port() << '\n'
              << std::flush;
    while (pending.wait() == SIGHUP) {
    }
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what() << '\n';
    return 1;
  }
}

} // namespace troupe
