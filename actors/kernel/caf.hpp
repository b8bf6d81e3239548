// actors/kernel/caf.hpp: how the kernel's values travel in messages. The only file of the kernel that knows CAF.
#pragma once

#include "actors/kernel/error.hpp"
#include "actors/kernel/http.hpp"
#include "actors/kernel/id.hpp"
#include "actors/kernel/money.hpp"
#include "actors/kernel/request_context.hpp"

#include <caf/default_enum_inspect.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/is_error_code_enum.hpp>
#include <caf/type_id.hpp>

#include <optional>
#include <string>

namespace troupe {

bool from_string(caf::string_view text, ec& x);
bool from_integer(std::uint8_t value, ec& x);

template <class Inspector> bool inspect(Inspector& f, ec& x) {
  return caf::default_enum_inspect(f, x);
}

/// `deadline` travels as it is. Clocks of different nodes need not agree: whoever sends a context to another node puts
/// the time that is left in its place, and whoever takes it there adds its own now.
template <class Inspector> bool inspect(Inspector& f, request_context& x) {
  auto get = [&x] { return static_cast<std::int64_t>(x.deadline.time_since_epoch().count()); };
  auto set = [&x](std::int64_t milliseconds) {
    x.deadline = time_point{duration{milliseconds}};
    return true;
  };
  return f.object(x).fields(f.field("principal", x.principal), f.field("trace", x.trace),
                            f.field("deadline", get, set));
}

namespace http {

template <class Inspector> bool inspect(Inspector& f, request& x) {
  return f.object(x).fields(f.field("method", x.method), f.field("target", x.target), f.field("fields", x.fields),
                            f.field("body", x.body));
}

template <class Inspector> bool inspect(Inspector& f, response& x) {
  return f.object(x).fields(f.field("status", x.status), f.field("fields", x.fields), f.field("body", x.body));
}

} // namespace http

} // namespace troupe

CAF_BEGIN_TYPE_ID_BLOCK(troupe_kernel, caf::first_custom_type_id)
  CAF_ADD_TYPE_ID(troupe_kernel, (troupe::ec))
  CAF_ADD_TYPE_ID(troupe_kernel, (troupe::request_context))
  CAF_ADD_TYPE_ID(troupe_kernel, (troupe::money))
  CAF_ADD_TYPE_ID(troupe_kernel, (troupe::http::request))
  CAF_ADD_TYPE_ID(troupe_kernel, (troupe::http::response))
CAF_END_TYPE_ID_BLOCK(troupe_kernel)

CAF_ERROR_CODE_ENUM(troupe::ec)

namespace troupe {

/// The code inside an error, or `otherwise` when it holds none of ours.
inline ec code_of(const caf::error& x, ec otherwise = ec::unavailable) {
  return x.category() == caf::type_id_v<ec> ? static_cast<ec>(x.code()) : otherwise;
}

/// An error that says how long to wait before the same thing is asked for again (at least nothing), and, where `why` is
/// not empty, the reason for people: never personal data, since it is stored and logged.
caf::error make_failure(ec code, duration wait, std::string why = {});

/// What make_failure was told; nothing, and an empty text, for other errors. A context may have added more behind it.
std::optional<duration> wait_of(const caf::error& x);
std::string reason_of(const caf::error& x);

} // namespace troupe
