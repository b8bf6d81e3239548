// adapters/postgres/server.hpp: what a server must be before a node writes to it.
#pragma once

#include "adapters/postgres/acknowledged.hpp"
#include "adapters/postgres/connection.hpp"

#include <string>

namespace troupe::postgres {

/// Throws failure when the server acknowledges what it may lose (synchronous_commit weaker than on, fsync or
/// full_page_writes off), unless that is allowed.
void refuse_weak_durability(connection& to, const options& config);

/// Throws failure when a copy into the database has not come to its end, unless it is the one who copies.
void refuse_half_filled(connection& to, const options& config);

/// Notes which server this is. Another one (a dump was restored, say) numbers its transactions anew, so places are
/// moved on. Throws failure when it may lack what was acknowledged: a standby was promoted that the server before it
/// had not waited for, or offsets are gone that `known` has. That ends with an operator's accept_server.
/// Answers whether the server waits for a standby.
bool recognize_server(connection& to, acknowledged& known);

/// Whether a commit is acknowledged only when a standby has it, as SQL.
inline constexpr const char* waits_for_standby = "(current_setting('synchronous_standby_names') <> '' AND "
                                                 "current_setting('synchronous_commit') IN ('on', 'remote_apply'))";

/// Notes whether it does; to be told before the first acknowledgement of another kind.
void note_synchronous(connection& to, bool synchronous);

/// All but the contexts; changes nothing.
server_state state_of(connection& to);

/// What each context has by now.
std::vector<server_state::context> contexts_of(connection& to);

/// From now on the server is the one to go on with, whatever it lacks.
void accept_server(connection& to, const std::string& reason);

/// Rows (shard, last offset) of a context, for those of `shards` that had events; dropped ones count. `shards` is what
/// FROM takes.
std::string last_offsets_statement(const std::string& context, const std::string& shards = "generate_series(0, 1023)");

} // namespace troupe::postgres
