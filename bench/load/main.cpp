// bench/load/main.cpp: troupe-load, which puts load on a node and checks every answer.
#include "bench/load/driver.hpp"
#include "bench/load/report.hpp"
#include "bench/load/scenario.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>

namespace {

using namespace troupe::load;

volatile bool interrupted = false;

struct common_arguments {
  std::vector<std::string> urls;
  plan what;
  double rate = 0;
  std::uint64_t requests = 0;
  std::string length;
  std::string warm_up = "0s";
  std::string timeout = "60s";
  std::string patience;
  std::string json_file;
  bool quiet = false;
};

struct order_arguments {
  order_options orders;
  std::string key_file;
  std::size_t sku_count = 1'000;
  std::uint64_t units = 1'000'000'000;
  std::string ids_file;
  std::string record_file;
};

constexpr auto default_url = "http://127.0.0.1:9001";

/// `300ms`, `90s`, `2m`, `90`.
steady::duration length_of(const std::string& text) {
  std::size_t used = 0;
  double value = -1;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
  }
  const auto unit = text.substr(used);
  const double seconds = unit == "ms"                  ? value / 1000
                         : unit == "s" || unit.empty() ? value
                         : unit == "m"                 ? value * 60
                                                       : -1;
  if (seconds < 0)
    throw CLI::ValidationError{"'" + text + "' is no length of time, such as 300ms, 10s or 2m"};
  return std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>{seconds});
}

/// Checks a number without a word in the help.
template <class Number> CLI::Validator between(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

void add_common(CLI::App& command, common_arguments& x) {
  command
    .add_option("--url", x.urls,
                "Where the node is; http only. May be repeated: then each in turn (http://127.0.0.1:9001 when none is)")
    ->type_name("URL")
    ->allow_extra_args(false);
  auto* in_flight =
    command
      .add_option("--in-flight", x.what.in_flight, "Closed loop: so many connections, each asks when it was answered")
      ->type_name("N")
      ->capture_default_str()
      ->check(between(1, 60'000));
  command
    .add_option("--rate", x.rate,
                "Open loop instead: so many requests a second, answered or not;\n"
                "latency counts from when each was due")
    ->type_name("R")
    ->check(between(1e-3, 1e12))
    ->excludes(in_flight);
  command.add_option("--connections-max", x.what.connections_max, "Open loop: at most so many connections")
    ->type_name("N")
    ->capture_default_str()
    ->check(between(1, 60'000));
  command.add_option("--duration", x.length, "Send for so long: 300ms, 10s, 2m (10s unless --requests is given)")
    ->type_name("TIME");
  command.add_option("--requests", x.requests, "Send so many")->type_name("N")->check(between(1e-3, 1e12));
  command.add_option("--warm-up", x.warm_up, "Before the duration; right answers meanwhile are not in the figures")
    ->type_name("TIME")
    ->capture_default_str();
  command.add_option("--timeout", x.timeout, "Of one answer; then the connection is closed and the request has failed")
    ->type_name("TIME")
    ->capture_default_str();
  command
    .add_option("--patience", x.patience,
                "Until so long after it was due, ask again what was refused (429, 5xx), failed or was not\n"
                "answered, of the next node; one that cannot be asked is left alone for a second")
    ->type_name("TIME");
  command.add_option("--json", x.json_file, "Write the result as JSON to this file, - for the standard output")
    ->type_name("FILE");
  command.add_flag("--quiet", x.quiet, "No progress and no table");
}

void complete(common_arguments& x) {
  if (x.rate > 0)
    x.what.rate = x.rate;
  if (x.requests > 0)
    x.what.requests = x.requests;
  if (!x.length.empty() || x.requests == 0)
    x.what.length = length_of(x.length.empty() ? "10s" : x.length);
  x.what.warm_up = length_of(x.warm_up);
  x.what.timeout = length_of(x.timeout);
  if (!x.patience.empty())
    x.what.patience = length_of(x.patience);
  if (x.urls.empty())
    x.urls.push_back(default_url);
}

void add_orders(CLI::App& command, order_arguments& x) {
  command
    .add_option("--operator-key-file", x.key_file,
                "Put the SKUs on sale and stock them first; the node prints where this file is")
    ->type_name("FILE");
  command.add_option("--skus", x.sku_count, "Buy so many SKUs: load-0, load-1, ...")
    ->type_name("N")
    ->capture_default_str()
    ->check(between(1, 1'000'000));
  command.add_option("--sku", x.orders.skus, "Buy this one instead; may be repeated")
    ->type_name("SKU")
    ->allow_extra_args(false);
  command.add_option("--units", x.units, "How many of each to stock")->type_name("N")->capture_default_str();
  command.add_option("--lines", x.orders.lines, "Lines of an order, each of another SKU")
    ->type_name("N")
    ->capture_default_str()
    ->check(between(1, 100));
  command
    .add_option("--hot-sku", x.orders.hot_share, "Share of the orders that buy the first SKU: 0 for evenly, 1 for all")
    ->type_name("SHARE")
    ->capture_default_str()
    ->check(between(0.0, 1.0));
  command.add_option("--currency", x.orders.currency, "The SKUs' and the orders'")
    ->type_name("CODE")
    ->capture_default_str();
  command.add_option("--method", x.orders.method, "The payment method's token")
    ->type_name("TOKEN")
    ->capture_default_str();
  command.add_option("--provider", x.orders.provider, "The payment provider; the node's default when not given")
    ->type_name("NAME");
  command.add_option("--seed", x.orders.seed, "The same seed buys the same SKUs in the same order")
    ->type_name("N")
    ->capture_default_str();
  command
    .add_option("--keys", x.orders.key_prefix,
                "Send Idempotency-Key, this and the request's number: needed for --patience, and\n"
                "another one for each run within a day")
    ->type_name("PREFIX");
  command.add_option("--record", x.record_file, "Write each attempt to this file as it ends, one line of JSON each")
    ->type_name("FILE");
  command.add_option("--ids", x.ids_file, "Write the id of every acknowledged order to this file, one a line")
    ->type_name("FILE");
}

endpoint endpoint_of(const std::string& url) {
  if (auto parsed = endpoint::parse(url))
    return *parsed;
  throw std::invalid_argument{"'" + url + "' is not of the form http://HOST:PORT"};
}

std::vector<endpoint> endpoints_of(const common_arguments& x) {
  std::vector<endpoint> result;
  for (const auto& url : x.urls)
    result.push_back(endpoint_of(url));
  return result;
}

/// Runs it with its progress on the terminal, if that is one.
result run_shown(const std::vector<endpoint>& whom, scenario& asks, const plan& what, bool quiet,
                 const std::function<void(const attempt&)>& on_attempt = {}) {
  const bool shown = !quiet && isatty(STDERR_FILENO) != 0;
  auto x = run(
    whom, asks, what,
    [&](const state_now& now) {
      if (shown)
        std::cerr << "\r\033[K" << progress_line(now, what) << std::flush;
    },
    &interrupted, on_attempt);
  if (shown)
    std::cerr << "\r\033[K";
  return x;
}

void put_on_sale(const std::vector<endpoint>& whom, const common_arguments& common, const order_arguments& x) {
  std::ifstream in{x.key_file};
  std::string key;
  if (!(in >> key))
    throw std::invalid_argument{"cannot read the operator key from " + x.key_file};
  stock_scenario stock{whom.front().host_field(), x.orders.skus, x.units, key, x.orders.currency};
  plan what;
  what.in_flight = 32;
  what.requests = stock.requests();
  if (!common.quiet && isatty(STDERR_FILENO) != 0)
    std::cerr << "Putting " << x.orders.skus.size() << " SKUs on sale\n";
  const auto done = run_shown(whom, stock, what, common.quiet);
  if (done.right != stock.requests()) {
    std::string why = "the SKUs could not be put on sale";
    for (const auto& [reason, count] : done.reasons)
      why += ", " + std::to_string(count) + " times: " + reason;
    if (done.reasons.contains("answered 401") || done.reasons.contains("answered 403"))
      why += " (is " + x.key_file + " the key of this node?)";
    throw std::runtime_error{why};
  }
}

int tell(const run_name& name, const common_arguments& common, const result& x) {
  if (!common.quiet)
    (common.json_file == "-" ? std::cerr : std::cout) << table(name, common.what, x);
  if (common.json_file == "-") {
    std::cout << json_text(name, common.what, x);
  } else if (!common.json_file.empty()) {
    std::ofstream out{common.json_file};
    out << json_text(name, common.what, x);
    if (!out.flush())
      throw std::runtime_error{"cannot write " + common.json_file};
  }
  return x.wrong + x.failed == 0 && x.right > 0 ? 0 : 1;
}

int place_orders(common_arguments& common, order_arguments& x, const char* name) {
  complete(common);
  if (x.orders.skus.empty())
    for (std::size_t i = 0; i < x.sku_count; ++i)
      x.orders.skus.push_back("load-" + std::to_string(i));
  if (common.what.patience && x.orders.key_prefix.empty())
    throw CLI::ValidationError{"--patience repeats orders, which needs --keys"};
  const auto whom = endpoints_of(common);
  order_scenario orders{whom.front().host_field(), x.orders};
  if (!x.key_file.empty())
    put_on_sale(whom, common, x);
  std::ofstream record;
  if (!x.record_file.empty())
    record.open(x.record_file);
  const auto done = run_shown(whom, orders, common.what, common.quiet, [&](const attempt& each) {
    if (record.is_open())
      record << json_line(each, orders) << std::flush;
  });
  if (record.is_open() && !record)
    throw std::runtime_error{"cannot write " + x.record_file};
  if (!x.ids_file.empty()) {
    std::ofstream out{x.ids_file};
    for (const auto& id : orders.order_ids())
      out << id << '\n';
    if (!out.flush())
      throw std::runtime_error{"cannot write " + x.ids_file};
  }
  const int status = tell({name, common.urls.front()}, common, done);
  if (done.reasons.contains("the order ended as rejected") && x.key_file.empty() && !common.quiet)
    std::cerr << "Rejected orders: are the SKUs on sale? With --operator-key-file they are put on sale first.\n";
  return status;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{
    "troupe-load: puts load on a node of troupe, checks every answer, and tells throughput and latency.\n"
    "\n"
    "  troupe-load orders --operator-key-file ~/.local/state/troupe/operator.key\n"
    "  troupe-load orders --rate 500 --duration 1m --sku espresso-beans-1kg --lines 1\n"
    "  troupe-load get /api/v2/inventory/load-0 --in-flight 16\n"
    "\n"
    "Answers are `right`, `busy` (429 and 503, a correct refusal; the connection then waits as Retry-After says,\n"
    "at most 1 s), or `wrong`; a request without an answer has `failed`. Ends with 0 when nothing was wrong\n"
    "or failed, 1 otherwise, 2 when nobody answers or an option is wrong."};
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  int status = 0;
  common_arguments common;
  order_arguments ordering;

  auto* orders =
    app.add_subcommand("orders", "Place orders and wait for their end: 201, the wanted status, no id twice");
  add_orders(*orders, ordering);
  orders->add_option("--wait", ordering.orders.wait_seconds, "Seconds in `Prefer: wait=`")
    ->type_name("SECONDS")
    ->capture_default_str()
    ->check(between(1, 30));
  orders->add_option("--expect", ordering.orders.expected, "The status in which each order must end")
    ->type_name("STATUS")
    ->capture_default_str();
  orders->add_flag("--any-end", ordering.orders.any_end, "Any end is right, and so is none within the wait");
  add_common(*orders, common);
  orders->callback([&] { status = place_orders(common, ordering, "orders"); });

  auto* async =
    app.add_subcommand("orders-async", "Place orders and wait only until each is durable: 202, no id twice");
  add_orders(*async, ordering);
  add_common(*async, common);
  async->callback([&] {
    ordering.orders.wait_seconds = 0;
    status = place_orders(common, ordering, "orders-async");
  });

  std::string path;
  int expected = 200;
  auto* get = app.add_subcommand("get", "Get one path again and again");
  get->add_option("path", path, "With its query, such as /api/v2/products/load-0")->required();
  get->add_option("--expect", expected, "The right status")->capture_default_str();
  add_common(*get, common);
  get->callback([&] {
    complete(common);
    if (!path.starts_with('/'))
      throw CLI::ValidationError{"a path begins with /"};
    const auto whom = endpoints_of(common);
    get_scenario asks{whom.front().host_field(), path, expected};
    status = tell({"get " + path, common.urls.front()}, common, run_shown(whom, asks, common.what, common.quiet));
  });

  std::signal(SIGINT, [](int) { interrupted = true; });
  std::signal(SIGTERM, [](int) { interrupted = true; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const nobody_answers& e) {
    std::cerr << "troupe-load: " << e.what() << "; is `troupe serve` running there?\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "troupe-load: " << e.what() << '\n';
    return 2;
  }
  return status;
}
