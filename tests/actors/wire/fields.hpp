// tests/actors/wire/fields.hpp: looks into messages field by field, without their help.
#pragma once

#include <boost/pfr.hpp>

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::wire {

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;
template <class T> inline constexpr bool is_pair = false;
template <class A, class B> inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class T> inline constexpr bool is_list = false;
template <class T> inline constexpr bool is_list<std::vector<T>> = true;
template <class K, class V> inline constexpr bool is_list<std::map<K, V>> = true;
template <class T> inline constexpr bool is_record = std::is_class_v<T>&& std::is_aggregate_v<T>;

/// Whether both hold the same in each field, however deep.
template <class T> bool same(const T& a, const T& b) {
  if constexpr (is_optional<T>) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (is_list<T>) {
    auto i = a.begin();
    auto j = b.begin();
    for (; i != a.end() && j != b.end(); ++i, ++j)
      if (!same(*i, *j))
        return false;
    return i == a.end() && j == b.end();
  } else if constexpr (is_pair<T>) {
    return same(a.first, b.first) && same(a.second, b.second);
  } else if constexpr (is_record<T>) {
    bool all = true;
    boost::pfr::for_each_field(a, [&](const auto& x, auto index) { all = all && same(x, boost::pfr::get<index>(b)); });
    return all;
  } else {
    return a == b;
  }
}

/// Which fields of one type were seen with another value than they have at first, lists filled, and optional ones both
/// set and not.
class seen_fields {
public:
  template <class T> void look_at(const T& x) { look("value", x, T{}); }

  /// Fields by their places: "value.2.[].0 differs". What a field holds is looked at only where it holds something.
  std::vector<std::string> never_seen() const {
    std::vector<std::string> result;
    for (const auto& [what, seen] : seen_)
      if (!seen)
        result.push_back(what);
    return result;
  }

private:
  void note(const std::string& what, bool seen) { seen_[what] = seen_[what] || seen; }

  template <class T> void look(const std::string& place, const T& x, const T& at_first) {
    if constexpr (is_optional<T>) {
      note(place + " set", x.has_value());
      note(place + " not set", !x.has_value());
      if (x)
        look(place, *x, typename T::value_type{});
    } else if constexpr (is_list<T>) {
      note(place + " filled", x.begin() != x.end());
      for (const auto& each : x)
        look(place + ".[]", each, typename T::value_type{});
    } else if constexpr (is_pair<T>) {
      look(place + ".first", x.first, at_first.first);
      look(place + ".second", x.second, at_first.second);
    } else if constexpr (is_record<T>) {
      boost::pfr::for_each_field(x, [&](const auto& field, auto index) {
        look(place + '.' + std::to_string(index), field, boost::pfr::get<index>(at_first));
      });
    } else {
      note(place + " differs", !(x == at_first));
    }
  }

  std::map<std::string, bool> seen_;
};

} // namespace troupe::wire
