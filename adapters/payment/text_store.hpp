// adapters/payment/text_store.hpp: many short texts in little memory, and a way to find records by them.
#pragma once

#include "actors/kernel/hash.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::payment {

/// Keeps texts for as long as it lives, without a heap block for each. What a text has beyond `text_bytes_max` is cut.
class text_store {
public:
  static constexpr std::size_t text_bytes_max = 1 << 20;

  /// Where a text lies: 8 bytes, of which the empty text is zero.
  using place = std::uint64_t;

  place add(std::string_view text) {
    text = text.substr(0, text_bytes_max);
    if (text.empty())
      return 0;
    if (text_bytes_max - used_ < text.size() || blocks_.empty()) {
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(text_bytes_max));
      used_ = 0;
    }
    std::memcpy(blocks_.back().get() + used_, text.data(), text.size());
    const place result =
      (static_cast<place>(blocks_.size() - 1) << 44) | (static_cast<place>(used_) << 22) | text.size();
    used_ += text.size();
    return result;
  }

  std::string_view at(place x) const {
    constexpr place mask = (1u << 22) - 1;
    return x == 0 ? std::string_view{} : std::string_view{blocks_[x >> 44].get() + ((x >> 22) & mask), x & mask};
  }

  void clear() {
    blocks_.clear();
    used_ = 0;
  }

private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = 0; // bytes of the last block
};

/// Finds numbers of records by a hash of a text that the record itself has. Numbers are replaced, never removed.
class text_index {
public:
  static constexpr std::uint32_t none = 0xffffffff;

  /// The number put for `hash` whose record `matches`, or none.
  template <class Matches> std::uint32_t find(std::uint64_t hash, Matches matches) const {
    const auto* found = slot_of(slots_, fold(hash), matches);
    return found ? found->number : none;
  }

  /// Puts `number`, in place of the one whose record `matches` if there is one.
  template <class Matches> void put(std::uint64_t hash, std::uint32_t number, Matches matches) {
    if ((size_ + 1) * 4 > slots_.size() * 3)
      grow();
    const auto mark = fold(hash);
    auto* found = slot_of(slots_, mark, matches);
    size_ += found->number == none;
    *found = {mark, number};
  }

  void clear() {
    slots_.clear();
    size_ = 0;
  }

private:
  struct slot {
    std::uint32_t mark = 0;
    std::uint32_t number = none;
  };

  static std::uint32_t fold(std::uint64_t hash) { return static_cast<std::uint32_t>(hash ^ (hash >> 32)); }

  // The slot that holds the record, or the free one where it belongs; null only when there are no slots.
  template <class Slots, class Matches>
  static auto slot_of(Slots& slots, std::uint32_t mark, Matches matches) -> decltype(slots.data()) {
    if (slots.empty())
      return nullptr;
    const auto last = slots.size() - 1;
    for (std::size_t i = mark & last;; i = (i + 1) & last)
      if (slots[i].number == none || (slots[i].mark == mark && matches(slots[i].number)))
        return &slots[i];
  }

  void grow() {
    std::vector<slot> bigger(slots_.empty() ? 64 : slots_.size() * 2);
    for (const auto& old : slots_)
      if (old.number != none)
        *slot_of(bigger, old.mark, [](std::uint32_t) { return false; }) = old;
    slots_ = std::move(bigger);
  }

  std::vector<slot> slots_; // a power of two
  std::size_t size_ = 0;
};

} // namespace troupe::payment
