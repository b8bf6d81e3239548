// tests/fuzz/http_session_fuzz.cpp: whatever bytes come, in whatever pieces, the reader ends in a sound state.
// The first byte says how the rest is cut.
#include "gateways/http/json_schema.hpp"
#include "gateways/http/request_reader.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

using troupe::gateway::json_schema;
using troupe::gateway::read_json;
using troupe::gateway::request_reader;

namespace {

struct heard {
  std::vector<troupe::http::request> requests;
  int refused = 0; // with this status
};

void require(bool holds) {
  if (!holds)
    std::abort();
}

// As a session would, with a buffer that never holds more than it has to.
heard listen(std::string_view bytes, std::size_t piece) {
  const request_reader::limits limits{.head_bytes_max = 512, .body_bytes_max = 256, .chunk_line_bytes_max = 128};
  request_reader reader{limits};
  heard out;
  std::string unread;
  while (!bytes.empty()) {
    const auto n = std::min(piece, bytes.size());
    unread += bytes.substr(0, n);
    bytes.remove_prefix(n);
    for (bool again = true; again && !unread.empty();) {
      const auto taken = reader.take(unread);
      require(taken <= unread.size());
      unread.erase(0, taken);
      again = false;
      if (reader.at() == request_reader::step::refused) {
        out.refused = reader.refusal().status;
        require(out.refused >= 400 && out.refused < 600);
        return out;
      }
      if (reader.at() == request_reader::step::complete) {
        auto& message = reader.message();
        require(message.target[0] == '/' || message.target == "*");
        require(message.body.size() <= limits.body_bytes_max);
        for (const auto& [name, value] : message.fields)
          require(!name.empty() && value.find_first_of(std::string_view{"\r\n\0", 3}) == value.npos);
        require(message.target.find_first_of(std::string_view{" \r\n\0", 4}) == std::string::npos);
        out.requests.push_back(message);
        reader.next();
        again = true;
      } else {
        require(unread.size() <= limits.head_bytes_max);
      }
    }
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = listen(bytes, bytes.size() + 1);
  const auto cut = listen(bytes, std::size_t{data[0]} % 64 + 1);
  // How the bytes arrive must not change what they say: whoever could make it so could smuggle requests.
  require(whole.requests.size() == cut.requests.size());
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    const auto& a = whole.requests[i];
    const auto& b = cut.requests[i];
    require(a.method == b.method && a.target == b.target && a.fields == b.fields && a.body == b.body);
  }

  static const json_schema schema{nlohmann::json::parse(
    R"({"type":"object","required":["a"],"properties":{"a":{"type":"string","maxLength":8,"pattern":"^[a-z]*$"},
        "b":{"type":"array","items":{"type":"integer","minimum":1}}}})")};
  for (const auto& x : whole.requests) {
    const auto body = read_json(x.body, 8);
    if (body.refusal.empty())
      for (const auto& e : schema.check(body.value))
        require(e.pointer.empty() || e.pointer[0] == '/');
  }
  return 0;
}
