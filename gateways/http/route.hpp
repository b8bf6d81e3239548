// gateways/http/route.hpp: what a route is, what its handler gets, and what it answers with.
#pragma once

#include "actors/kernel/caf.hpp"
#include "actors/kernel/time.hpp"
#include "gateways/http/asker.hpp"

#include <caf/response_type.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// One request, as the handler of its route gets it. Lives until the handler's coroutine has ended.
struct incoming {
  const http::request& message;
  std::string_view path;                                   // of the target, as on the wire, without the query
  std::vector<std::pair<std::string, std::string>> params; // what the pattern's {names} stand for, decoded
  nlohmann::json body;                                     // parsed and valid when the route has a schema
  request_context context;
  asker& actors;                                                      // of this thread
  asker::steady::time_point until = asker::steady::time_point::max(); // context.deadline on the steady clock

  /// The first value of that name in the query, decoded; `?x` and `?x=` give an empty one.
  std::optional<std::string> query(std::string_view name) const;

  /// What {name} of the pattern stands for, decoded; empty when the pattern has no such name.
  std::string_view param(std::string_view name) const;
};

using handler = std::function<boost::asio::awaitable<http::response>(incoming&)>;

/// Who may call a route.
enum class scope : std::uint8_t {
  open,         // anybody
  operator_key, // whoever sends the operator key as a bearer token
};

struct documented_response {
  int status = 0;
  std::string description;
  nlohmann::json schema; // null: no body, or a problem for a status from 400 on
};

/// A value beside the body. Not checked: its handler does that.
struct documented_parameter {
  std::string name;
  std::string in; // "path", "query" or "header"
  std::string description;
  nlohmann::json schema;
};

/// A row of the table from which requests are routed and validated, and the OpenAPI document is made.
struct route {
  std::string method;       // upper case
  std::string path;         // "/api/v2/orders/{id}": a {name} stands for one segment
  std::string operation_id; // unique in a table
  std::string summary;
  gateway::scope scope = gateway::scope::open;
  nlohmann::json request_schema; // null: no body is read as JSON
  std::vector<documented_response> responses;
  duration deadline{10'000}; // for the whole answer
  gateway::handler handle;
  std::vector<documented_parameter> parameters; // those of the path are found without it
};

class json_schema;

class router {
public:
  using parameters = std::vector<std::pair<std::string, std::string>>;

  router();
  router(router&&) noexcept;
  router& operator=(router&&) noexcept;
  ~router();

  /// Throws std::invalid_argument when the row repeats a method and pattern or an operation id, has no handler, or its
  /// schema or pattern is not one: a mistake in the program, found at start.
  void add(route row);

  /// The row for a request, with `params` filled in; nothing when there is none. A segment in full letters wins over
  /// a {name}. HEAD finds the row of GET when it has none of its own.
  const route* find(std::string_view method, std::string_view path, parameters& params) const;

  /// The methods that `path` has, as the field Allow wants them: "GET, HEAD"; empty when no pattern fits it.
  std::string allowed(std::string_view path) const;

  /// What the row's request schema was compiled to; null when it has none. The row must be of this router.
  const json_schema* schema(const route& row) const;

  /// In the order in which they were added.
  const std::vector<route>& routes() const;

private:
  struct tables;
  std::unique_ptr<tables> tables_;
};

/// A field of a body that is wrong.
struct field_error {
  std::string pointer; // RFC 6901: "/items/0/sku"
  std::string detail;
};

/// An RFC 9457 problem. `type` is a stable URI reference, such as "/problems/validation"; an empty detail and an empty
/// list are left out.
http::response problem(int status, std::string type, std::string title, std::string detail,
                       std::vector<field_error> errors = {});

/// The problem for an error that no route has its own words for: 504 for a deadline, 503 with Retry-After where the
/// same request may work a while later, 500 otherwise. Tells nothing of the insides.
http::response failure(const caf::error& reason);

/// An answer with a JSON body.
http::response json_response(int status, const nlohmann::json& body, http::headers fields = {});

/// Awaits the answer of an actor within `patience`, but not past the request's deadline. Fails with what the actor
/// failed with, with `ec::deadline`, or with `caf::sec::request_receiver_down` when the actor has ended. Does not send
/// what is already late.
template <class Reply, class Handle, class... Args>
boost::asio::awaitable<caf::expected<Reply>> ask_within(incoming& in, duration patience, const Handle& whom,
                                                        Args... args) {
  if constexpr (!std::is_same_v<Handle, caf::actor>) {
    using answer = caf::response_type_t<typename Handle::signatures, std::decay_t<Args>...>;
    using wanted = std::conditional_t<std::is_void_v<Reply>, caf::detail::type_list<>, caf::detail::type_list<Reply>>;
    static_assert(std::is_same_v<answer, wanted>, "the actor answers this with another type");
  }
  auto until = in.until;
  if (patience != duration::max())
    until = std::min(until, asker::steady::now() + patience);
  return in.actors.request<Reply>(caf::actor_cast<caf::abstract_actor*>(whom), caf::make_message(std::move(args)...),
                                  until, boost::asio::use_awaitable);
}

/// ask_within the request's deadline.
template <class Reply, class Handle, class... Args>
boost::asio::awaitable<caf::expected<Reply>> ask(incoming& in, const Handle& whom, Args... args) {
  return ask_within<Reply>(in, duration::max(), whom, std::move(args)...);
}

} // namespace troupe::gateway
