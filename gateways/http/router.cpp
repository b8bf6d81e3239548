#include "gateways/http/json_schema.hpp"
#include "gateways/http/route.hpp"
#include "gateways/http/uri.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <stdexcept>

namespace troupe::gateway {

namespace {

constexpr std::size_t segments_max = 32; // longer paths fit no pattern

struct node {
  std::vector<std::pair<std::string, std::unique_ptr<node>>> literals;
  std::unique_ptr<node> any; // a {name}
  std::vector<std::size_t> rows;
};

// "/a//b/" has the segments a, "", b and "": a pattern without them does not fit it.
bool split(std::string_view path, std::vector<std::string_view>& out) {
  out.clear();
  if (path.empty() || path[0] != '/')
    return false;
  path.remove_prefix(1);
  for (;;) {
    if (out.size() == segments_max)
      return false;
    const auto end = path.find('/');
    out.push_back(path.substr(0, end));
    if (end == path.npos)
      return true;
    path.remove_prefix(end + 1);
  }
}

bool is_name(std::string_view segment) {
  return segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
}

[[noreturn]] void refuse(const route& row, const std::string& why) {
  throw std::invalid_argument("route " + row.method + " " + row.path + ": " + why);
}

} // namespace

struct router::tables {
  struct compiled {
    std::vector<std::string> names;  // of the pattern, in order
    std::vector<std::size_t> places; // the segments that they stand for
    std::optional<json_schema> schema;
  };

  std::vector<route> rows;
  std::deque<compiled> made; // beside rows
  std::set<std::string> operations;
  node root;

  const node* descend(const node& at, const std::vector<std::string_view>& segments, std::size_t i) const {
    if (i == segments.size())
      return at.rows.empty() ? nullptr : &at;
    for (const auto& [text, next] : at.literals)
      if (text == segments[i])
        if (const auto* found = descend(*next, segments, i + 1))
          return found;
    if (at.any && !segments[i].empty())
      return descend(*at.any, segments, i + 1);
    return nullptr;
  }

  const node* find(std::string_view path, std::vector<std::string_view>& segments) const {
    return split(path, segments) ? descend(root, segments, 0) : nullptr;
  }
};

router::router() : tables_(std::make_unique<tables>()) {}
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;
router::~router() = default;

void router::add(route row) {
  std::vector<std::string_view> segments;
  if (!split(row.path, segments))
    refuse(row, "the pattern is not a path");
  if (!row.handle)
    refuse(row, "has no handler");
  if (row.deadline <= duration::zero())
    refuse(row, "has no time to answer");
  tables::compiled made;
  if (!row.request_schema.is_null())
    made.schema.emplace(row.request_schema);
  auto* at = &tables_->root;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto segment = segments[i];
    if (is_name(segment)) {
      made.names.emplace_back(segment.substr(1, segment.size() - 2));
      made.places.push_back(i);
      if (!at->any)
        at->any = std::make_unique<node>();
      at = at->any.get();
      continue;
    }
    if (segment.find_first_of("{}") != segment.npos)
      refuse(row, "a {name} must be a whole segment");
    const auto same = [&](const auto& x) { return x.first == segment; };
    auto found = std::find_if(at->literals.begin(), at->literals.end(), same);
    if (found == at->literals.end())
      found = at->literals.emplace(found, std::string{segment}, std::make_unique<node>());
    at = found->second.get();
  }
  for (const auto i : at->rows)
    if (tables_->rows[i].method == row.method)
      refuse(row, "is already there");
  if (!row.operation_id.empty() && !tables_->operations.insert(row.operation_id).second)
    refuse(row, "repeats the operation id " + row.operation_id);
  at->rows.push_back(tables_->rows.size());
  tables_->rows.push_back(std::move(row));
  tables_->made.push_back(std::move(made));
}

const route* router::find(std::string_view method, std::string_view path, parameters& params) const {
  thread_local std::vector<std::string_view> segments;
  const auto* at = tables_->find(path, segments);
  if (!at)
    return nullptr;
  const auto row_of = [&](std::string_view wanted) -> std::optional<std::size_t> {
    for (const auto i : at->rows)
      if (tables_->rows[i].method == wanted)
        return i;
    return std::nullopt;
  };
  auto i = row_of(method);
  if (!i && method == "HEAD")
    i = row_of("GET");
  if (!i)
    return nullptr;
  const auto& made = tables_->made[*i];
  params.resize(made.names.size());
  for (std::size_t k = 0; k < made.names.size(); ++k) {
    auto value = unescaped(segments[made.places[k]], false);
    if (!value)
      return nullptr;
    params[k].first = made.names[k];
    params[k].second = std::move(*value);
  }
  return &tables_->rows[*i];
}

std::string router::allowed(std::string_view path) const {
  std::vector<std::string_view> segments;
  const auto* at = tables_->find(path, segments);
  if (!at)
    return {};
  std::set<std::string_view> methods;
  for (const auto i : at->rows) {
    methods.insert(tables_->rows[i].method);
    if (tables_->rows[i].method == "GET")
      methods.insert("HEAD");
  }
  std::string out;
  for (const auto method : methods)
    out.append(out.empty() ? "" : ", ").append(method);
  return out;
}

const json_schema* router::schema(const route& row) const {
  const auto& made = tables_->made[static_cast<std::size_t>(&row - tables_->rows.data())];
  return made.schema ? &*made.schema : nullptr;
}

const std::vector<route>& router::routes() const {
  return tables_->rows;
}

std::optional<std::string> incoming::query(std::string_view name) const {
  const std::string_view target = message.target;
  const auto begin = target.find('?');
  if (begin == target.npos)
    return std::nullopt;
  auto rest = target.substr(begin + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    if (unescaped(pair.substr(0, equals), true) == name)
      return equals == pair.npos ? std::string{} : unescaped(pair.substr(equals + 1), true);
    if (end == rest.npos)
      break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::string_view incoming::param(std::string_view name) const {
  for (const auto& [key, value] : params)
    if (key == name)
      return value;
  return {};
}

} // namespace troupe::gateway
