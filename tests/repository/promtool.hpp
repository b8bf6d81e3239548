// tests/repository/promtool.hpp: what Prometheus says of the files for it, and which metrics they look at.
#pragma once

#include <set>
#include <string>

namespace troupe::repository {

struct outcome {
  std::string text;
  int status = 0;
};

/// `promtool` in the folder of the rules.
outcome promtool(const std::string& arguments);

/// The first group of each match.
std::set<std::string> all(const std::string& text, const char* pattern);

/// Names of the node's metrics, histograms without the suffixes of their series.
std::set<std::string> metrics_in(const std::string& text);

/// Whether docs/operations.md has it.
bool is_documented(const std::string& metric);

} // namespace troupe::repository
