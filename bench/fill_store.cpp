// bench/fill_store.cpp: a store with many finished orders, as `troupe serve` would have left it, written in a fraction
// of the time. Usage: bench-fill-store FILE ORDERS; the file must not exist.
#include "actors/order/stored.hpp"
#include "adapters/sqlite/store.hpp"
#include "supervisors/entropy.hpp"
#include "supervisors/message_types.hpp"
#include "supervisors/topology.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

namespace {

using namespace troupe;

constexpr std::size_t orders_at_once = 500;

/// What became of an order of two lines that was confirmed.
std::vector<order::event> confirmed_order(std::uint64_t number, time_point at) {
  const auto euro = *currency::parse("EUR");
  order::placed placed;
  placed.customer = customer_id{"customer-" + std::to_string(number % 50'000)};
  placed.email = "customer-" + std::to_string(number % 50'000) + "@example.com";
  placed.currency = euro;
  placed.items = {{sku_id{"load-" + std::to_string(number % 1'000)}, 1},
                  {sku_id{"load-" + std::to_string((number + 7) % 1'000)}, 2}};
  placed.provider = "rest";
  placed.method = "tok_ok";
  const money total{3'000, euro};
  return {placed,
          order::priced{{{1'000, euro}, {1'000, euro}}, total},
          order::stock_reserved{at + std::chrono::minutes{15}},
          order::payment_authorized{payment_id{"pay_" + std::to_string(number)}, total},
          order::stock_allocated{},
          order::payment_captured{total},
          order::confirmed{}};
}

class filler {
public:
  explicit filler(const std::string& file) {
    sqlite::options with;
    with.file = file;
    auto writer = sqlite::make_store(std::move(with))->open_writer();
    if (!writer)
      throw std::runtime_error{to_string(writer.error())};
    writer_ = std::move(*writer);
    const auto contexts = stored_contexts();
    auto leases = writer_->acquire(contexts, "node-1");
    if (!leases)
      throw std::runtime_error{to_string(leases.error())};
    for (const auto& x : *leases)
      if (x.context == order::traits::context)
        shards_[x.shard] = x;
  }

  void add(std::uint64_t number, time_point at) {
    auto& write = batch_.emplace_back();
    write.stream = {order::traits::context, make_uuid7(at, random_)};
    auto& lease = shards_.at(write.stream.shard());
    write.epoch = lease.epoch;
    for (const auto& event : confirmed_order(number, at)) {
      auto encoded = order::encode(event);
      auto& e = write.events.emplace_back();
      e.stream = write.stream;
      e.version = write.events.size();
      e.shard = write.stream.shard();
      e.offset = lease.next_offset++;
      e.type = std::move(encoded.type);
      e.schema = encoded.schema;
      e.data = std::move(encoded.data);
      e.personal = std::move(encoded.personal);
      e.recorded_at = at;
      e.epoch = lease.epoch;
      e.node = "node-1";
      e.principal = "anonymous";
      e.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
      e.checksum = checksum_of(e);
    }
    if (batch_.size() == orders_at_once)
      commit();
  }

  void commit() {
    if (batch_.empty())
      return;
    const auto results = writer_->commit(batch_);
    if (!results)
      throw std::runtime_error{to_string(results.error())};
    batch_.clear();
  }

private:
  std::unique_ptr<journal::store_writer> writer_;
  std::map<std::uint16_t, journal::lease> shards_;
  std::vector<journal::write> batch_;
  random_fn random_ = system_random();
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: bench-fill-store FILE ORDERS\n";
    return 2;
  }
  try {
    if (std::filesystem::exists(argv[1]))
      throw std::runtime_error{std::string{argv[1]} + " exists"};
    register_message_types();
    const auto orders = std::strtoull(argv[2], nullptr, 10);
    const bool terminal = isatty(STDERR_FILENO) != 0;
    filler store{argv[1]};
    const auto start = system_clock()() - std::chrono::hours{24};
    for (std::uint64_t i = 0; i < orders; ++i) {
      store.add(i, start + duration{static_cast<std::int64_t>(i * 80'000'000 / orders)});
      if (terminal && i % 10'000 == 0)
        std::cerr << "\r\033[K" << i << " of " << orders << " orders" << std::flush;
    }
    store.commit();
    if (terminal)
      std::cerr << "\r\033[K";
  } catch (const std::exception& e) {
    std::cerr << "bench-fill-store: " << e.what() << '\n';
    return 1;
  }
}
