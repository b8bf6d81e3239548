// supervisors/serve.hpp: the long-running commands of the program.
#pragma once

#include "config/loader.hpp"

#include <filesystem>
#include <string>

namespace troupe {

/// Runs a node, and the sandbox inside it when that is enabled, until SIGTERM or SIGINT. SIGHUP reads the configuration
/// again. Returns the exit status: 0 after a whole drain, 2 for a mistake in the configuration, 1 otherwise. A part of
/// the node that ends by itself ends the process with 1, without draining.
int serve(const config::sources& from);

/// What ends the process then: logs which part it was and exits with 1. Does not return.
[[noreturn]] void end_at_once(const std::string& part, const std::string& why);

/// Runs the sandbox alone until SIGTERM or SIGINT. `faults_file` is JSON as PUT /_sandbox/faults takes it, or empty.
int run_sandbox(const config::sources& from, const std::string& faults_file);

/// Prints what is wrong with a configuration. Whether it cannot be used.
bool complain(const config::loaded& x);

/// What is wrong with a configured provider; for config::sources.
std::string problem_with_provider(const std::string& name, const config::provider_options& x);
std::string problem_with_email_provider(const std::string& name, const config::email_provider_options& x);
std::string problem_with_email(const config::email_options& x);
std::string problem_with_webhook(const config::webhook_options& x);

} // namespace troupe
