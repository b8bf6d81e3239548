// bench/gateway_get.cpp: what is measured against bare_beast: a GET answered by an actor on the io threads.
// Usage: gateway_get [threads [port]]; GET /inventory/{sku} asks an actor, and the port is printed.
#include "gateways/http/server.hpp"
#include "supervisors/scheduler/asio_coordinator.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

int main(int argc, char** argv) {
  using namespace troupe;
  caf::core::init_global_meta_objects();
  caf::init_global_meta_objects<caf::id_block::troupe_kernel>();
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGINT);
  sigaddset(&stopping, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr); // before there are threads, which inherit it

  caf::actor_system_config config;
  scheduler::load_asio_scheduler(config, argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 1);
  caf::actor_system system{config};
  auto& threads = scheduler::asio_scheduler(system);
  gateway::server::contexts contexts;
  for (std::size_t i = 0; i < threads.size(); ++i)
    contexts.emplace_back(threads.context(i));

  auto stock = system.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const request_context&, const std::string& sku) {
      return R"({"sku":")" + sku + R"(","available":7,"held":2,"sold":1,"onHand":9})";
    }};
  });
  gateway::router table;
  gateway::route row;
  row.method = "GET";
  row.path = "/inventory/{sku}";
  row.handle = [stock](gateway::incoming& in) -> boost::asio::awaitable<http::response> {
    auto answer = co_await gateway::ask<std::string>(in, stock, in.context, in.params[0].second);
    if (!answer)
      co_return gateway::failure(answer.error());
    co_return http::response{200, {{"Content-Type", "application/json"}}, std::move(*answer)};
  };
  table.add(std::move(row));

  gateway::options options;
  options.port = argc > 2 ? static_cast<std::uint16_t>(std::atoi(argv[2])) : 0;
  options.now = [] { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); };
  options.random = [] { return (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}(); };
  gateway::server server{std::move(options), contexts, system, std::move(table)};
  std::printf("%u\n", server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stopping, &signal);
  server.stop();
}
