#include "adapters/payment/ledger.hpp"

#include "adapters/payment/wire_text.hpp"

#include <algorithm>
#include <array>

namespace troupe::payment {

namespace {

constexpr std::size_t interned_max = 4096;
constexpr std::string_view pays_prefix[] = {"pay_", "pi_"};
constexpr std::string_view refunds_prefix[] = {"ref_", "re_"};

std::size_t index_of(twin_kind x) {
  return x == twin_kind::stripe;
}

std::uint64_t hash_of(twin_kind twin, std::string_view text) {
  return fnv1a(text, fnv1a(std::string_view{reinterpret_cast<const char*>(&twin), 1}));
}

// A line is columns with tabs between them; a tab, a line break or a backslash inside a column is escaped.
void append_column(std::string& line, std::string_view text) {
  line += '\t';
  for (const char c : text) {
    if (c == '\t')
      line += "\\t";
    else if (c == '\n')
      line += "\\n";
    else if (c == '\\')
      line += "\\\\";
    else
      line += c;
  }
}

void append_column(std::string& line, std::int64_t number) {
  line += '\t';
  wire::append(line, number);
}

// Reads columns one after another; the first that does not fit spoils it.
class column_reader {
public:
  explicit column_reader(std::string_view line) : rest_(line) {}

  bool good() const { return good_; }
  bool at_end() const { return ended_; }

  std::string_view raw() {
    if (ended_) {
      good_ = false;
      return {};
    }
    const auto column = rest_.substr(0, rest_.find('\t'));
    ended_ = column.size() == rest_.size();
    rest_.remove_prefix(ended_ ? rest_.size() : column.size() + 1);
    return column;
  }

  std::int64_t number() {
    const auto result = wire::parse_integer(raw());
    good_ = good_ && result.has_value();
    return result.value_or(0);
  }

  template <class Number> Number number_of() {
    const auto result = number();
    good_ = good_ && std::in_range<Number>(result);
    return static_cast<Number>(result);
  }

  template <class Letter> Letter letter() {
    const auto column = raw();
    const auto result = column.size() == 1 ? static_cast<Letter>(column[0]) : Letter{};
    good_ = good_ && name_of(result) != "invalid";
    return result;
  }

  // The column as it was before escaping; `buffer` keeps it if it had escapes.
  std::string_view text(std::string& buffer) {
    const auto column = raw();
    if (column.find('\\') == std::string_view::npos)
      return column;
    buffer.clear();
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (column[i] != '\\') {
        buffer += column[i];
        continue;
      }
      const char c = ++i < column.size() ? column[i] : '\0';
      good_ = good_ && (c == 't' || c == 'n' || c == '\\');
      buffer += c == 't' ? '\t' : c == 'n' ? '\n' : '\\';
    }
    return buffer;
  }

private:
  std::string_view rest_;
  bool good_ = true;
  bool ended_ = false;
};

void append_member(std::string& out, std::string_view name, std::int64_t number) {
  out += ",\"";
  out += name;
  out += "\":";
  wire::append(out, number);
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  wire::append_json(out, text);
}

void append_time(std::string& out, std::string_view name, std::int64_t at) {
  append_member(out, name, to_rfc3339(time_point{duration{at}}));
}

/// A refund is a thing of its own: what became of it says nothing about the charge.
std::string_view status_of(const entry& x, std::string_view reason) {
  if (x.kind == entry_kind::refund)
    return "succeeded";
  return reason == "refund_failed" ? "failed" : name_of(x.status);
}

std::int64_t voided_of(const charge& x) {
  if (!x.was_authorized)
    return 0;
  if (x.status == charge_status::voided)
    return x.amount;
  return x.status == charge_status::captured ? x.amount - x.captured : 0;
}

} // namespace

std::string_view name_of(twin_kind x) {
  switch (x) {
    case twin_kind::rest: return "rest";
    case twin_kind::stripe: return "stripe";
  }
  return "invalid";
}

std::string_view name_of(charge_status x) {
  switch (x) {
    case charge_status::unconfirmed: return "unconfirmed";
    case charge_status::action_required: return "action_required";
    case charge_status::pending: return "pending";
    case charge_status::authorized: return "authorized";
    case charge_status::captured: return "captured";
    case charge_status::declined: return "declined";
    case charge_status::voided: return "voided";
  }
  return "invalid";
}

std::string_view name_of(entry_kind x) {
  switch (x) {
    case entry_kind::charge: return "charge";
    case entry_kind::confirm: return "confirm";
    case entry_kind::settle: return "settle";
    case entry_kind::capture: return "capture";
    case entry_kind::void_charge: return "void";
    case entry_kind::refund: return "refund";
    case entry_kind::refuse: return "refuse";
  }
  return "invalid";
}

std::optional<std::uint32_t> ledger::post(const posting& x) {
  if (sink_) {
    line_.clear();
    line_ += static_cast<char>(x.kind);
    line_ += '\t';
    line_ += static_cast<char>(x.twin);
    line_ += '\t';
    line_ += static_cast<char>(x.status);
    append_column(line_, x.charge);
    append_column(line_, x.at);
    append_column(line_, x.amount);
    append_column(line_, x.due);
    append_column(line_, x.fingerprint);
    append_column(line_, x.reason);
    append_column(line_, x.key);
    append_column(line_, x.method);
    if (x.kind == entry_kind::charge) {
      append_column(line_, x.currency.code());
      append_column(line_, x.salt);
      append_column(line_, x.capture_at_once);
      append_column(line_, x.reference_at);
      append_column(line_, x.reference_size);
      append_column(line_, x.text);
    }
    if (!sink_(line_))
      return std::nullopt;
  }
  return apply(x);
}

bool ledger::replay(std::string_view line) {
  column_reader columns{line};
  std::string key, method, text, reason;
  posting x;
  x.kind = columns.letter<entry_kind>();
  x.twin = columns.letter<twin_kind>();
  x.status = columns.letter<charge_status>();
  x.charge = columns.number_of<std::uint32_t>();
  x.at = columns.number();
  x.amount = columns.number();
  x.due = columns.number();
  x.fingerprint = columns.number_of<std::uint32_t>();
  x.reason = columns.text(reason);
  x.key = columns.text(key);
  x.method = columns.text(method);
  if (columns.good() && x.kind == entry_kind::charge) {
    const auto code = troupe::currency::parse(columns.raw());
    x.currency = code.value_or(troupe::currency{});
    x.salt = columns.number_of<std::uint32_t>();
    x.capture_at_once = columns.number() != 0;
    x.reference_at = columns.number_of<std::uint16_t>();
    x.reference_size = columns.number_of<std::uint16_t>();
    x.text = columns.text(text);
    if (!code || std::size_t{x.reference_at} + x.reference_size > x.text.size())
      return false;
  } else if (x.charge >= charges_.size() || charges_[x.charge].twin != x.twin) {
    return false;
  }
  if (!columns.good() || !columns.at_end())
    return false;
  apply(x);
  return true;
}

// Cannot fail: whoever posts has decided, and what a log holds was posted.
std::uint32_t ledger::apply(const posting& x) {
  auto number = x.charge;
  if (x.kind == entry_kind::charge) {
    number = charge_count();
    auto& made = charges_.emplace_back();
    made.created_at = made.changed_at = x.at;
    made.amount = x.amount;
    made.text = texts_.add(x.text);
    made.salt = x.salt;
    made.reference_at = x.reference_at;
    made.reference_size = x.reference_size;
    made.currency = x.currency;
    made.twin = x.twin;
    made.capture_at_once = x.capture_at_once;
    ++totals_.try_emplace(std::string{x.currency.code()}).first->second.charges;
    if (const auto reference = reference_of(made); !reference.empty()) {
      const auto same = [&](std::uint32_t other) {
        return charges_[other].twin == x.twin && reference_of(charges_[other]) == reference;
      };
      const auto hash = hash_of(x.twin, reference);
      made.earlier = by_reference_.find(hash, same);
      by_reference_.put(hash, number, same);
    }
  }
  auto& target = charges_[number];
  const auto result = entry_count();
  auto& made = entries_.emplace_back();
  made.at = x.at;
  made.amount = x.amount;
  made.key = texts_.add(x.key);
  made.fingerprint = x.fingerprint;
  made.charge = number;
  made.earlier = target.entry;
  made.reason = reason_number(x.reason);
  made.kind = x.kind;
  made.status = x.status;
  target.entry = result;
  if (!x.key.empty())
    by_key_.put(hash_of(x.twin, x.key), result, [&](std::uint32_t other) {
      return key_of(entries_[other]) == x.key && charges_[entries_[other].charge].twin == x.twin;
    });

  switch (x.kind) {
    case entry_kind::charge:
    case entry_kind::confirm:
    case entry_kind::settle:
      if (x.kind != entry_kind::settle)
        target.method = intern(x.method);
      target.reason = made.reason;
      if (x.status == charge_status::captured)
        target.captured = target.amount;
      break;
    case entry_kind::capture: target.captured = x.amount; break;
    case entry_kind::refund:
      target.refunded += x.amount;
      totals_.find(target.currency.code())->second.refunded += x.amount;
      return result;
    case entry_kind::void_charge: target.reason = made.reason; break;
    case entry_kind::refuse: return result;
  }
  move_to(target, x.status, x.at);
  if (x.status == charge_status::pending)
    queue_of(x.twin).emplace(x.due, number);
  return result;
}

void ledger::move_to(charge& x, charge_status status, std::int64_t at) {
  auto& sums = totals_.find(x.currency.code())->second;
  if (!x.was_authorized && (status == charge_status::authorized || status == charge_status::captured)) {
    x.was_authorized = true;
    sums.authorized += x.amount;
  }
  if (status == charge_status::captured) {
    sums.captured += x.captured;
    ++sums.charges_captured;
    count_captured_twice(x);
  }
  sums.charges_declined += status == charge_status::declined;
  x.status = status;
  x.changed_at = at;
  sums.voided += voided_of(x);
}

void ledger::count_captured_twice(const charge& x) {
  for (const auto other : find_reference(x.twin, reference_of(x)))
    if (&charges_[other] != &x && charges_[other].status == charge_status::captured) {
      ++captured_twice_[{x.twin, std::string{reference_of(x)}}];
      return;
    }
}

void ledger::clear() {
  auto sink = std::move(sink_);
  *this = ledger{};
  sink_ = std::move(sink);
}

std::string_view ledger::reference_of(const charge& x) const {
  return texts_.at(x.text).substr(x.reference_at, x.reference_size);
}

void ledger::append_digits(std::string& out, std::uint32_t number, const charge& x) const {
  wire::append_hex(out, number, 8);
  wire::append_hex(out, x.salt, 8);
}

std::string ledger::id_of(std::uint32_t charge_number) const {
  const auto& x = charges_[charge_number];
  std::string result{pays_prefix[index_of(x.twin)]};
  append_digits(result, charge_number, x);
  return result;
}

std::string ledger::refund_id_of(std::uint32_t entry_number) const {
  const auto& x = charges_[entries_[entry_number].charge];
  std::string result{refunds_prefix[index_of(x.twin)]};
  append_digits(result, entry_number, x);
  return result;
}

std::optional<std::uint32_t> ledger::find_id(twin_kind twin, std::string_view id) const {
  const auto prefix = pays_prefix[index_of(twin)];
  if (!id.starts_with(prefix) || id.size() != prefix.size() + 16)
    return std::nullopt;
  const auto digits = wire::parse_hex(id.substr(prefix.size()));
  if (!digits)
    return std::nullopt;
  const auto number = static_cast<std::uint32_t>(*digits >> 32);
  if (number >= charges_.size() || charges_[number].twin != twin
      || charges_[number].salt != static_cast<std::uint32_t>(*digits))
    return std::nullopt;
  return number;
}

std::optional<std::uint32_t> ledger::find_refund_id(twin_kind twin, std::string_view id) const {
  const auto prefix = refunds_prefix[index_of(twin)];
  if (!id.starts_with(prefix) || id.size() != prefix.size() + 16)
    return std::nullopt;
  const auto digits = wire::parse_hex(id.substr(prefix.size()));
  const auto number = static_cast<std::uint32_t>(digits.value_or(0) >> 32);
  if (!digits || number >= entries_.size() || entries_[number].kind != entry_kind::refund)
    return std::nullopt;
  const auto& of = charges_[entries_[number].charge];
  if (of.twin != twin || of.salt != static_cast<std::uint32_t>(*digits))
    return std::nullopt;
  return number;
}

std::vector<std::uint32_t> ledger::find_reference(twin_kind twin, std::string_view reference) const {
  std::vector<std::uint32_t> result;
  if (reference.empty())
    return result;
  for (auto number = by_reference_.find(hash_of(twin, reference),
                                        [&](std::uint32_t other) {
                                          return charges_[other].twin == twin
                                                 && reference_of(charges_[other]) == reference;
                                        });
       number != text_index::none; number = charges_[number].earlier)
    result.push_back(number);
  return result;
}

std::optional<std::uint32_t> ledger::find_key(twin_kind twin, std::string_view key, std::int64_t now,
                                              duration lifetime) const {
  const auto number = by_key_.find(hash_of(twin, key), [&](std::uint32_t other) {
    return key_of(entries_[other]) == key && charges_[entries_[other].charge].twin == twin;
  });
  if (number == text_index::none || now - entries_[number].at >= lifetime.count())
    return std::nullopt;
  return number;
}

// A charge leaves the queue when it comes to its head decided: by a void, or by an earlier settling.
void ledger::skip_decided(due_queue& queue) const {
  while (!queue.empty() && charges_[queue.top().second].status != charge_status::pending)
    queue.pop();
}

std::optional<std::uint32_t> ledger::due(twin_kind twin, std::int64_t now) {
  auto& queue = queue_of(twin);
  skip_decided(queue);
  if (queue.empty() || queue.top().first > now)
    return std::nullopt;
  return queue.top().second;
}

std::optional<std::int64_t> ledger::next_due(twin_kind twin) {
  auto& queue = queue_of(twin);
  skip_decided(queue);
  if (queue.empty())
    return std::nullopt;
  return queue.top().first;
}

std::uint16_t ledger::reason_number(std::string_view reason) {
  const auto found = static_cast<std::size_t>(std::find(reasons_.begin(), reasons_.end(), reason) - reasons_.begin());
  if (found == reasons_.size()) {
    if (found == interned_max) // Only a log that was tampered with has so many.
      return 0;
    reasons_.emplace_back(reason);
  }
  return static_cast<std::uint16_t>(found);
}

text_store::place ledger::intern(std::string_view text) {
  if (const auto found = interned_.find(text); found != interned_.end())
    return found->second;
  const auto result = texts_.add(text);
  if (interned_.size() < interned_max)
    interned_.emplace(text, result);
  return result;
}

void ledger::note(call x) {
  if (calls_.size() < calls_max)
    calls_.push_back(std::move(x));
  else
    calls_[calls_noted_ % calls_max] = std::move(x);
  ++calls_noted_;
}

void ledger::note_fault(std::string_view fault) {
  if (!calls_.empty())
    calls_[(calls_noted_ - 1) % calls_max].fault = fault;
}

void ledger::append_charge(std::string& out, std::uint32_t number) const {
  const auto& x = charges_[number];
  out += "{\"id\":";
  wire::append_json(out, id_of(number));
  append_member(out, "status", name_of(x.status));
  append_member(out, "amount", x.amount);
  append_member(out, "currency", x.currency.code());
  append_member(out, "captured", x.captured);
  append_member(out, "refunded", x.refunded);
  append_member(out, "method", method_of(x));
  if (x.reason != 0)
    append_member(out, "reason", reason_of(x));
  std::vector<std::uint32_t> numbers;
  for (auto i = x.entry; i != text_index::none; i = entries_[i].earlier)
    numbers.push_back(i);
  out += ",\"entries\":[";
  for (auto i = numbers.rbegin(); i != numbers.rend(); ++i) {
    const auto& e = entries_[*i];
    out += i == numbers.rbegin() ? "{\"kind\":" : ",{\"kind\":";
    wire::append_json(out, name_of(e.kind));
    append_member(out, "status", status_of(e, reason_of(e)));
    append_member(out, "amount", e.amount);
    append_member(out, "idempotencyKey", key_of(e));
    if (e.reason != 0)
      append_member(out, "reason", reason_of(e));
    append_time(out, "at", e.at);
    out += '}';
  }
  out += "]}";
}

void ledger::append_reference(std::string& out, const std::vector<std::uint32_t>& numbers) const {
  const auto& first = charges_[numbers.back()];
  std::int64_t authorized = 0, captured = 0, refunded = 0, voided = 0, charges_captured = 0;
  bool one_currency = true;
  for (const auto number : numbers) {
    const auto& x = charges_[number];
    one_currency = one_currency && x.currency == first.currency;
    authorized += x.was_authorized ? x.amount : 0;
    captured += x.captured;
    refunded += x.refunded;
    voided += voided_of(x);
    charges_captured += x.status == charge_status::captured;
  }
  out += "{\"provider\":";
  wire::append_json(out, name_of(first.twin));
  append_member(out, "reference", reference_of(first));
  if (one_currency) { // A sum of two currencies means nothing.
    append_member(out, "currency", first.currency.code());
    append_member(out, "authorized", authorized);
    append_member(out, "captured", captured);
    append_member(out, "refunded", refunded);
    append_member(out, "voided", voided);
  }
  append_member(out, "chargesCaptured", charges_captured);
  out += ",\"charges\":[";
  for (auto i = numbers.rbegin(); i != numbers.rend(); ++i) {
    if (i != numbers.rbegin())
      out += ',';
    append_charge(out, *i);
  }
  out += "]}";
}

std::string ledger::to_json(const ledger_query& query) const {
  std::string out = "{\"totals\":{";
  for (const auto& [code, sums] : totals_) {
    if (out.back() != '{')
      out += ',';
    wire::append_json(out, code);
    out += ":{\"charges\":";
    wire::append(out, static_cast<std::int64_t>(sums.charges));
    append_member(out, "chargesCaptured", static_cast<std::int64_t>(sums.charges_captured));
    append_member(out, "chargesDeclined", static_cast<std::int64_t>(sums.charges_declined));
    append_member(out, "authorized", sums.authorized);
    append_member(out, "captured", sums.captured);
    append_member(out, "refunded", sums.refunded);
    append_member(out, "voided", sums.voided);
    out += '}';
  }
  out += "},\"capturedTwice\":[";
  for (const auto& [key, times] : captured_twice_) {
    if (out.back() != '[')
      out += ',';
    out += "{\"provider\":";
    wire::append_json(out, name_of(key.first));
    append_member(out, "reference", key.second);
    append_member(out, "extraCaptures", times);
    out += '}';
  }
  out += "],\"references\":[";
  auto next = query.after;
  if (!query.reference.empty()) {
    for (const auto twin : {twin_kind::rest, twin_kind::stripe})
      if (const auto numbers = find_reference(twin, query.reference); !numbers.empty()) {
        if (out.back() != '[')
          out += ',';
        append_reference(out, numbers);
      }
    next = charge_count();
  }
  // A reference is listed whole where its first charge stands, so that no page splits it.
  for (std::uint32_t listed = 0; next < charge_count() && listed < query.charges_max; ++next) {
    const auto& x = charges_[next];
    if (x.earlier != text_index::none)
      continue;
    if (out.back() != '[')
      out += ',';
    auto numbers = find_reference(x.twin, reference_of(x));
    if (numbers.empty())
      numbers.push_back(next);
    listed += static_cast<std::uint32_t>(numbers.size());
    append_reference(out, numbers);
  }
  out += "],\"next\":";
  if (next < charge_count())
    wire::append(out, next);
  else
    out += "null";
  if (query.after > 0 || !query.reference.empty())
    return out += '}';
  out += ",\"calls\":{\"count\":";
  wire::append(out, static_cast<std::int64_t>(calls_noted_));
  append_member(out, "keptAtMost", static_cast<std::int64_t>(calls_max));
  out += ",\"latest\":[";
  const auto oldest = calls_noted_ > calls_max ? calls_noted_ % calls_max : 0;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const auto& x = calls_[(oldest + i) % calls_.size()];
    out += i == 0 ? "{\"provider\":" : ",{\"provider\":";
    wire::append_json(out, name_of(x.twin));
    append_member(out, "method", x.method);
    append_member(out, "target", x.target);
    append_member(out, "status", x.status);
    if (!x.key.empty())
      append_member(out, "idempotencyKey", x.key);
    if (!x.fault.empty())
      append_member(out, "fault", x.fault);
    append_time(out, "at", x.at);
    out += '}';
  }
  out += "]}}";
  return out;
}

} // namespace troupe::payment
