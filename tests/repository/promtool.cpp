#include "tests/repository/promtool.hpp"

#include "tests/repository/files.hpp"

#include <cstdio>
#include <regex>

namespace troupe::repository {

outcome promtool(const std::string& arguments) {
  outcome result;
  const auto command = "cd " TROUPE_SOURCE_DIR "/deploy/prometheus && promtool " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe)
    return {"cannot run " + command, -1};
  char buffer[4096];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, pipe))
    result.text.append(buffer, n);
  result.status = ::pclose(pipe);
  return result;
}

std::set<std::string> all(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex expression{pattern};
  for (std::sregex_iterator it{text.begin(), text.end(), expression}, end; it != end; ++it)
    found.insert((*it)[1]);
  return found;
}

std::set<std::string> metrics_in(const std::string& text) {
  std::set<std::string> names;
  for (auto name : all(text, "\\b((?:troupe|integration|circuit)_[a-z_]+[a-z])")) {
    for (const std::string suffix : {"_bucket", "_count"})
      if (name.ends_with(suffix) && name.find("request_count") == name.npos)
        name.resize(name.size() - suffix.size());
    names.insert(std::move(name));
  }
  return names;
}

bool is_documented(const std::string& metric) {
  return named("docs/operations.md").text.find('`' + metric + '`') != std::string::npos;
}

} // namespace troupe::repository
