#include "adapters/discovery/static_list.hpp"

namespace troupe::discovery {

namespace {

class static_list : public finder {
public:
  explicit static_list(std::vector<address> x) : addresses_(std::move(x)) {}

  caf::expected<std::vector<address>> find() override { return addresses_; }

private:
  std::vector<address> addresses_;
};

} // namespace

caf::expected<std::unique_ptr<finder>> make_static_list(const std::vector<std::string>& addresses) {
  std::vector<address> parsed;
  for (const auto& text : addresses) {
    auto x = parse_address(text);
    if (!x)
      return caf::make_error(ec::refused, "'" + text + "' is no address; host:port is wanted");
    parsed.push_back(std::move(*x));
  }
  if (parsed.empty())
    return caf::make_error(ec::refused, std::string{"the list names no address"});
  return std::unique_ptr<finder>{std::make_unique<static_list>(in_order(std::move(parsed)))};
}

} // namespace troupe::discovery
