#include "actors/dead_letter/directory.hpp"

#include "actors/dead_letter/dead_letter_entity.hpp"
#include "actors/timer.hpp"

#include <algorithm>
#include <utility>

namespace troupe::dead_letter {

namespace {

constexpr std::size_t page_keys = 500;
constexpr std::size_t listed_max = 1'000;
constexpr duration again_after{500};

bool is_open(status x) {
  return x == status::open || x == status::replaying;
}

/// The letter that these events tell of; none when they cannot be read.
std::optional<changed> replayed_from(const std::string& key, const std::vector<journal::stored_event>& events) {
  state s;
  for (const auto& x : events) {
    const auto event = decode(x);
    if (!event)
      return std::nullopt;
    s.apply(*event, x.recorded_at);
  }
  return changed{entry_of({key}, s), events.empty() ? 0 : events.back().version};
}

} // namespace

directory_state::directory_state(directory_actor::pointer self, journal::journal_actor journal,
                                 directory_options config)
  : self_(self), journal_(std::move(journal)), config_(config) {}

directory_state::~directory_state() = default;

directory_actor::behavior_type directory_state::make_behavior() {
  load();
  return {
    [this](list_groups) { return groups(); },
    [this](const list_letters& x) { return letters(x); },
    [this](const changed& x) {
      learn(x);
      if (config_.passes_on)
        config_.passes_on(x);
    },
    [this](const elsewhere& x) {
      for (const auto& each : x.letters)
        learn(each);
    },
    [this](read_again) { load_again(); },
  };
}

// ---- from the store ------------------------------------------------------------------------------------------------

void directory_state::load() {
  loaded_ = last_page_ = beyond_ = false;
  after_.reset();
  unseen_.clear();
  for (const auto& [key, letter] : letters_)
    unseen_.insert(key);
  load_page();
}

void directory_state::load_again() {
  if (loaded_)
    load();
  else
    again_ = true;
}

void directory_state::forget_what_is_gone() {
  if (!beyond_)
    for (const auto& key : unseen_)
      if (const auto found = letters_.find(key); found != letters_.end())
        take_out(found);
  unseen_.clear();
}

// Every open letter has a stored wake-up, and no other has one.
void directory_state::load_page() {
  self_->request(journal_, caf::infinite, journal::read_due{traits::context, time_point::max(), after_, page_keys})
    .then(
      [this](const journal::due_page& page) {
        last_page_ = page.items.size() < page_keys;
        if (!page.items.empty())
          after_ = page.items.back();
        for (const auto& x : page.items) {
          unseen_.erase(x.stream.key);
          if (!letters_.contains(x.stream.key))
            to_read_.push_back(x.stream.key);
        }
        std::reverse(to_read_.begin(), to_read_.end()); // They are taken from the back.
        loaded_one();
      },
      [this](const caf::error&) { run_later(self_, again_after, [this] { load_page(); }); });
}

void directory_state::loaded_one() {
  if (letters_.size() >= config_.letters_max && !to_read_.empty()) {
    beyond_ = true;
    last_page_ = true;
    to_read_.clear();
  }
  for (; reading_ < config_.reads_max && !to_read_.empty(); to_read_.pop_back())
    load_letter(to_read_.back());
  if (reading_ > 0)
    return;
  if (!last_page_)
    return load_page();
  forget_what_is_gone();
  loaded_ = true;
  closed_.clear();
  if (std::exchange(again_, false))
    load();
}

void directory_state::load_letter(const std::string& key) {
  ++reading_;
  self_->request(journal_, caf::infinite, journal::read_stream{{traits::context, key}})
    .then(
      [this, key](const journal::page& page) {
        --reading_;
        if (const auto found = replayed_from(key, page.events))
          learn(*found);
        loaded_one();
      },
      [this, key](const caf::error& why) {
        if (!is_transient(code_of(why))) { // A damaged one cannot be listed; `troupe store check` names it.
          --reading_;
          return loaded_one();
        }
        run_later(self_, again_after, [this, key] {
          --reading_;
          to_read_.push_back(key);
          loaded_one();
        });
      });
}

// ---- from the letters ----------------------------------------------------------------------------------------------

void directory_state::learn(const changed& x) {
  const auto& key = x.now.id.value;
  unseen_.erase(key);
  const auto found = letters_.find(key);
  if (found != letters_.end() && found->second.version >= x.version)
    return;
  if (!is_open(x.now.status)) {
    if (!loaded_)
      closed_[key] = x.version;
    return forget(x.now.id);
  }
  if (const auto closed = closed_.find(key); closed != closed_.end() && closed->second >= x.version)
    return;
  if (found != letters_.end()) {
    auto& known = found->second;
    if (known.now.recorded_at == x.now.recorded_at && known.now.cause == x.now.cause) {
      known.now = x.now;
      known.version = x.version;
      return;
    }
    take_out(found);
  }
  if (letters_.size() >= config_.letters_max) {
    beyond_ = true;
    return;
  }
  const auto group = group_of(x.now.cause);
  const cursor at{x.now.recorded_at, x.now.id};
  letters_.emplace(key, known{x.now, x.version, group});
  order_.insert(at);
  auto& in = groups_[group];
  in.cause = x.now.cause;
  in.letters.insert(at);
}

void directory_state::forget(const letter_id& id) {
  const auto found = letters_.find(id.value);
  if (found == letters_.end())
    return;
  take_out(found);
  if (beyond_ && loaded_ && letters_.size() * 10 < config_.letters_max * 9)
    load();
}

void directory_state::take_out(std::unordered_map<std::string, known>::iterator which) {
  const cursor at{which->second.now.recorded_at, which->second.now.id};
  order_.erase(at);
  const auto in = groups_.find(which->second.group);
  in->second.letters.erase(at);
  if (in->second.letters.empty())
    groups_.erase(in);
  letters_.erase(which);
}

// ---- answers -------------------------------------------------------------------------------------------------------

group_list directory_state::groups() const {
  group_list out;
  out.open = letters_.size();
  out.complete = complete();
  for (const auto& [id, x] : groups_)
    out.groups.push_back({id, x.cause, x.letters.size(), x.letters.begin()->recorded_at,
                          x.letters.rbegin()->recorded_at, x.letters.rbegin()->id});
  std::stable_sort(out.groups.begin(), out.groups.end(),
                   [](const group& a, const group& b) { return a.count > b.count; });
  return out;
}

letter_list directory_state::letters(const list_letters& x) const {
  letter_list out;
  out.loading = !loaded_;
  out.complete = complete();
  const auto in = groups_.find(x.group);
  if (!x.group.empty() && in == groups_.end())
    return out;
  const auto& order = x.group.empty() ? order_ : in->second.letters;
  const auto limit = std::min(x.limit, listed_max);
  auto next = x.after ? order.upper_bound(*x.after) : order.begin();
  for (; next != order.end() && out.letters.size() < limit; ++next)
    out.letters.push_back(letters_.at(next->id.value).now);
  out.more = next != order.end();
  return out;
}

} // namespace troupe::dead_letter
