#include "supervisors/observability/log.hpp"

#include "supervisors/entropy.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace troupe::log {

namespace {

struct settings {
  format form = format::text;
  std::string node;
};

settings& current() {
  static settings instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(level x) {
  switch (x) {
    case level::debug: return spdlog::level::debug;
    case level::info: return spdlog::level::info;
    case level::warn: return spdlog::level::warn;
    case level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view name_of(level x) {
  switch (x) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warn: return "warn";
    case level::error: return "error";
  }
  return "error";
}

std::string number_text(double x) {
  char out[32];
  return {out, static_cast<std::size_t>(std::snprintf(out, sizeof out, "%.3f", x))};
}

std::string plain_text(const field& x) {
  if (const auto* text = std::get_if<std::string_view>(&x.value)) {
    if (text->find_first_of(" \"\\\n\r\t=") == std::string_view::npos && !text->empty())
      return std::string{*text};
    std::string quoted;
    json_writer{quoted}.value(*text);
    return quoted;
  }
  if (const auto* number = std::get_if<std::int64_t>(&x.value))
    return std::to_string(*number);
  if (const auto* decimal = std::get_if<double>(&x.value))
    return number_text(*decimal);
  return std::get<bool>(x.value) ? "true" : "false";
}

} // namespace

std::string render(format form, level x, time_point at, std::string_view node, std::string_view message,
                   std::initializer_list<field> fields) {
  std::string line;
  line.reserve(256);
  if (form == format::json) {
    json_writer json{line};
    json.begin_object();
    json.member("time", to_rfc3339(at)).member("level", name_of(x)).member("node", node).member("message", message);
    for (const auto& f : fields) {
      json.key(f.name);
      if (const auto* text = std::get_if<std::string_view>(&f.value))
        json.value(*text);
      else
        json.raw(plain_text(f));
    }
    json.end_object();
    return line;
  }
  line += to_rfc3339(at);
  line += ' ';
  line += name_of(x);
  line.append(6 - name_of(x).size(), ' ');
  line += message;
  for (const auto& f : fields) {
    line += "  ";
    line += f.name;
    line += '=';
    line += plain_text(f);
  }
  return line;
}

void set_up(level least, format form, std::string node) {
  current() = {form, std::move(node)};
  auto logger = std::make_shared<spdlog::logger>("troupe", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  spdlog::set_default_logger(std::move(logger));
  set_level(least);
}

void set_level(level least) {
  spdlog::set_level(to_spdlog(least));
}

bool enabled(level x) {
  return spdlog::should_log(to_spdlog(x));
}

void write(level x, std::string_view message, std::initializer_list<field> fields) {
  if (!enabled(x))
    return;
  static const auto now = system_clock();
  spdlog::default_logger_raw()->log(
    to_spdlog(x), spdlog::string_view_t{render(current().form, x, now(), current().node, message, fields)});
}

std::optional<level> parse_level(std::string_view text) {
  for (const auto x : {level::debug, level::info, level::warn, level::error})
    if (text == name_of(x))
      return x;
  return std::nullopt;
}

} // namespace troupe::log
