// supervisors/ctl/request.hpp: how every command asks the node.
#pragma once

#include "supervisors/ctl/ctl.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::ctl {

// Exit statuses.
inline constexpr int answered = 0;
inline constexpr int refused = 1;
inline constexpr int unreachable = 2;

struct reply {
  int exit = answered;
  nlohmann::json body;
  std::string text; // the body as it came
  int status = 0;
};

/// Asks `base`, and tells on standard error why there is no answer. `fine` names statuses from 400 on that are one.
reply call(const target& where, const std::string& base, const std::string& method, const std::string& path,
           const nlohmann::json& body = nullptr, const std::vector<int>& fine = {});

/// A member for people; "-" where there is none.
std::string text_of(const nlohmann::json& object, const char* name);

void print_as_it_came(const reply& got);

/// `cells` with the node that `x` is of in front of them, when it says so; of a head, with the title when any of `all`
/// do.
std::vector<std::string> with_node(const nlohmann::json& x, std::vector<std::string> cells);
std::vector<std::string> with_node_title(const nlohmann::json& all, std::vector<std::string> head);

/// Names the nodes that an answer tells nothing of.
void print_missing(const nlohmann::json& body);

std::string path_of_order(const std::string& id);

} // namespace troupe::ctl
