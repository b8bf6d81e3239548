// adapters/postgres/binary_array.hpp: arrays as PostgreSQL takes them in binary: nothing is quoted, nothing parsed.
#pragma once

#include <pqxx/binarystring>

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::postgres {

/// Numbers, big end first, as everything in the protocol.
template <class Int> void put(std::string& out, Int value) {
  for (int shift = (static_cast<int>(sizeof value) - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFF);
}

// Types by their numbers in pg_type, which never change.
struct int2_items {
  static constexpr std::int32_t oid = 21;
  using value = std::int16_t;
};
struct int4_items {
  static constexpr std::int32_t oid = 23;
  using value = std::int32_t;
};
struct int8_items {
  static constexpr std::int32_t oid = 20;
  using value = std::int64_t;
};
struct text_items {
  static constexpr std::int32_t oid = 25;
  using value = std::string_view;
};
struct bytea_items {
  static constexpr std::int32_t oid = 17;
  using value = std::string_view;
};

/// An array of one dimension; source: array_recv in PostgreSQL's arrayfuncs.c.
template <class Items> class binary_array {
public:
  void add(typename Items::value x) {
    if constexpr (std::is_same_v<typename Items::value, std::string_view>) {
      put(items_, static_cast<std::int32_t>(x.size()));
      items_ += x;
    } else {
      put(items_, static_cast<std::int32_t>(sizeof x));
      put(items_, x);
    }
    ++count_;
  }

  void add_null() {
    put(items_, std::int32_t{-1});
    has_null_ = true;
    ++count_;
  }

  std::int32_t size() const { return count_; }

  pqxx::binarystring parameter() const {
    std::string out;
    out.reserve(items_.size() + 20);
    put(out, std::int32_t{count_ > 0 ? 1 : 0}); // dimensions
    put(out, std::int32_t{has_null_ ? 1 : 0});
    put(out, Items::oid);
    if (count_ > 0) {
      put(out, count_);
      put(out, std::int32_t{1}); // the first one's number
      out += items_;
    }
    return pqxx::binarystring{out};
  }

private:
  std::string items_;
  std::int32_t count_ = 0;
  bool has_null_ = false;
};

} // namespace troupe::postgres
