#include "adapters/discovery/consul.hpp"

#include <future>

namespace troupe::discovery {

namespace {

class consul_finder : public finder {
public:
  consul_finder(consul_options options, std::shared_ptr<http::curl_engine> engine)
    : options_(std::move(options)), engine_(std::move(engine)) {}

  caf::expected<std::vector<address>> find() override {
    http::engine_call call;
    call.base_url = options_.base_url;
    call.message = consul::encode(options_.query, options_.token);
    call.timeout = options_.timeout;
    std::promise<http::engine_result> answered;
    engine_->submit(std::move(call), [&](http::engine_result x) { answered.set_value(std::move(x)); });
    const auto result = answered.get_future().get(); // Comes in any case, after the timeout at the latest.
    if (const auto* failure = std::get_if<http::engine_failure>(&result))
      return caf::make_error(failure->code, "Consul at " + options_.base_url + ": " + failure->text);
    return consul::decode(options_.query, std::get<http::response>(result));
  }

private:
  consul_options options_;
  std::shared_ptr<http::curl_engine> engine_;
};

} // namespace

std::unique_ptr<finder> make_consul(consul_options options, std::shared_ptr<http::curl_engine> engine) {
  return std::make_unique<consul_finder>(std::move(options), std::move(engine));
}

} // namespace troupe::discovery
