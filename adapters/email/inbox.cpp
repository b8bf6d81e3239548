#include "adapters/email/inbox.hpp"

#include <algorithm>

namespace troupe::email {

namespace {

std::size_t size_of(const letter& x) {
  return sizeof x + x.id.size() + x.key.size() + x.from.size() + x.to.size() + x.subject.size() + x.text.size()
         + x.html.size();
}

} // namespace

void inbox::add(letter x) {
  x.number = ++taken_;
  bytes_ += size_of(x);
  letters_.push_back(std::move(x));
  while (letters_.size() > letters_max || (bytes_ > bytes_max && letters_.size() > 1)) {
    bytes_ -= size_of(letters_.front());
    letters_.pop_front();
  }
}

const letter* inbox::find(std::uint64_t number) const {
  const auto found =
    std::find_if(letters_.begin(), letters_.end(), [&](const letter& x) { return x.number == number; });
  return found == letters_.end() ? nullptr : &*found;
}

void inbox::clear() {
  letters_.clear();
  bytes_ = 0;
  taken_ = 0;
}

recipient_kind kind_of_recipient(std::string_view address) {
  const auto local = address.substr(0, address.find('@'));
  if (local == "invalid")
    return recipient_kind::invalid;
  if (local == "blocked")
    return recipient_kind::blocked;
  if (local == "limited")
    return recipient_kind::limited;
  if (local == "unavailable")
    return recipient_kind::unavailable;
  return local == "bounce" ? recipient_kind::bounce : recipient_kind::plain;
}

} // namespace troupe::email
