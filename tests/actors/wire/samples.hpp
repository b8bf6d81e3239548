// tests/actors/wire/samples.hpp: at least one value of every message that may travel to another node.
#pragma once

#include "actors/kernel/caf.hpp"
#include "tests/actors/wire/fields.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/byte_buffer.hpp>
#include <caf/span.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::wire {

using bytes_view = caf::span<const caf::byte>;

enum class loaded { nothing, same, other, unstable }; // unstable: it is another one again when it is sent on

struct sample {
  std::string name; // one word
  caf::byte_buffer bytes;
  std::function<loaded(bytes_view)> load; // compares with the value
};

struct samples_of_type {
  std::string type; // "troupe::order::place"
  std::vector<sample> samples;
  seen_fields fields;
};

template <class T> caf::byte_buffer save(const T& x) {
  caf::byte_buffer out;
  caf::binary_serializer sink{nullptr, out};
  return sink.apply(x) ? out : caf::byte_buffer{};
}

template <class T> std::optional<T> load(bytes_view bytes) {
  T x{};
  caf::binary_deserializer source{nullptr, bytes};
  return source.apply(x) && source.remaining() == 0 ? std::optional{std::move(x)} : std::nullopt;
}

class samples {
public:
  template <class T> void add(const std::string& name, const T& x) {
    static_assert(!caf::is_allowed_unsafe_message_type_v<T>, "it does not travel");
    auto& all = by_type_[caf::type_id_v<T>];
    const auto type = caf::type_name_v<T>;
    all.type.assign(type.begin(), type.end());
    all.fields.look_at(x);
    all.samples.push_back({name, save(x), [x](bytes_view bytes) {
                             const auto read = wire::load<T>(bytes);
                             if (!read)
                               return loaded::nothing;
                             if (same(*read, x))
                               return loaded::same;
                             const auto again = wire::load<T>(save(*read));
                             return again && same(*again, *read) ? loaded::other : loaded::unstable;
                           }});
  }

  /// One sample for each of its values.
  template <class Enum> void add_values() {
    for_each<Enum>([this](Enum x, const std::string& name) { add(name, x); });
  }

  /// One sample for each value of an enum that is a part of it: `make(value)`.
  template <class Enum, class Make> void add_with_each(Make make) {
    for_each<Enum>([this, make](Enum x, const std::string& name) { add(name, make(x)); });
  }

  const std::map<caf::type_id_t, samples_of_type>& by_type() const { return by_type_; }

private:
  template <class Enum, class Visit> static void for_each(Visit visit) {
    const auto name = [](Enum x) {
      if constexpr (requires { name_of(x); })
        return std::string{name_of(x)};
      else
        return std::string{to_string(x)};
    };
    for (std::uint8_t number = 1; name(static_cast<Enum>(number)) != "invalid"; ++number)
      visit(static_cast<Enum>(number), name(static_cast<Enum>(number)));
  }

  std::map<caf::type_id_t, samples_of_type> by_type_;
};

void add_commerce(samples& to);
void add_operations(samples& to);
void add_edges(samples& to);

/// All of them; made once.
const samples& all_samples();

inline money euros(std::int64_t cents) {
  return {cents, *currency::parse("EUR")};
}

inline constexpr time_point noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{12}};

} // namespace troupe::wire
