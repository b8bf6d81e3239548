#include "bench/load/report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>

namespace troupe::load {

namespace {

struct quantile {
  const char* name;
  double share;
};
constexpr std::array quantiles{quantile{"p50", 0.5}, quantile{"p90", 0.9}, quantile{"p99", 0.99},
                               quantile{"p99.9", 0.999}};

template <class... Args> std::string format(const char* how, Args... args) {
  std::array<char, 256> out;
  const int size = std::snprintf(out.data(), out.size(), how, args...);
  return {out.data(), std::min(out.size() - 1, static_cast<std::size_t>(std::max(0, size)))};
}

double milliseconds(std::chrono::nanoseconds x) {
  return std::chrono::duration<double, std::milli>{x}.count();
}

std::string grouped(std::uint64_t x) {
  auto digits = std::to_string(x);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string length_text(std::chrono::nanoseconds x) {
  const auto ms = milliseconds(x);
  return ms < 1        ? format("%.0f us", ms * 1000)
         : ms < 100    ? format("%.2f ms", ms)
         : ms < 10'000 ? format("%.0f ms", ms)
                       : format("%.1f s", ms / 1000);
}

std::uint64_t answers(const result& x) {
  return x.right + x.busy + x.wrong;
}

} // namespace

std::string progress_line(const state_now& x, const plan& what) {
  const auto seconds = std::chrono::duration<double>{x.elapsed}.count();
  const auto& r = x.so_far;
  auto line = format("%6.1f s  ", seconds) + grouped(r.right) + " right";
  if (what.requests)
    line += " of " + grouped(*what.requests);
  if (r.busy > 0)
    line += ", " + grouped(r.busy) + " busy";
  if (r.wrong + r.failed > 0)
    line += ", " + grouped(r.wrong) + " wrong, " + grouped(r.failed) + " failed";
  line += ", " + std::to_string(x.in_flight) + " in flight";
  if (x.waiting > 0)
    line += ", " + grouped(x.waiting) + " due and waiting";
  if (r.latency.count() > 0)
    line += "  p50 " + length_text(r.latency.at(0.5)) + "  p99 " + length_text(r.latency.at(0.99));
  else if (what.warm_up > x.elapsed)
    line += "  (warming up)";
  return line;
}

std::string table(const run_name& name, const plan& what, const result& x) {
  const auto seconds = std::chrono::duration<double>{x.measured}.count();
  auto out = name.scenario + " at " + name.url + ", ";
  out += what.rate ? format("open loop of %g a second, ", *what.rate) + std::to_string(x.connections) + " connections"
                   : "closed loop of " + std::to_string(what.in_flight) + " in flight";
  out += format(", %.2f s\n\n", seconds);
  const auto row = [&out](const std::string& left, const std::string& right) {
    out += "  " + left + std::string(left.size() < 12 ? 12 - left.size() : 1, ' ') + right + '\n';
  };
  row("right", grouped(x.right));
  row("busy", grouped(x.busy));
  row("wrong", grouped(x.wrong));
  row("failed", grouped(x.failed));
  row("throughput", format("%.1f/s", x.throughput()));
  for (const auto& q : quantiles)
    row(q.name, length_text(x.latency.at(q.share)));
  row("max", length_text(x.latency.max()));
  row("mean", length_text(x.latency.mean()));
  if (!x.reasons.empty()) {
    out += "\nWhat was not right:\n";
    for (const auto& [why, count] : x.reasons)
      out += format("%12s  ", grouped(count).c_str()) + why + '\n';
  }
  if (!x.repeated_for.empty()) {
    out += "\nWhat was asked again:\n";
    for (const auto& [why, count] : x.repeated_for)
      out += format("%12s  ", grouped(count).c_str()) + why + '\n';
  }
  return out;
}

std::string json_text(const run_name& name, const plan& what, const result& x) {
  nlohmann::ordered_json latency;
  for (const auto& q : quantiles)
    latency[q.name] = milliseconds(x.latency.at(q.share));
  latency["max"] = milliseconds(x.latency.max());
  latency["mean"] = milliseconds(x.latency.mean());
  nlohmann::ordered_json reasons = nlohmann::ordered_json::object();
  for (const auto& [why, count] : x.reasons)
    reasons[why] = count;
  nlohmann::ordered_json out{{"scenario", name.scenario}, {"url", name.url}, {"loop", what.rate ? "open" : "closed"}};
  if (what.rate)
    out["rate"] = *what.rate;
  else
    out["inFlight"] = what.in_flight;
  out["connections"] = x.connections;
  out["seconds"] = std::chrono::duration<double>{x.measured}.count();
  out["sent"] = x.sent;
  out["answered"] = answers(x);
  out["right"] = x.right;
  out["busy"] = x.busy;
  out["wrong"] = x.wrong;
  out["failed"] = x.failed;
  out["throughput"] = x.throughput();
  out["latencyMs"] = std::move(latency);
  out["notRight"] = std::move(reasons);
  if (what.patience) {
    out["repeated"] = x.repeated;
    out["repeatedFor"] = x.repeated_for;
  }
  out["ownCpuMs"] = static_cast<double>(x.own_cpu.count()) / 1000;
  return out.dump(2) + '\n';
}

std::string json_line(const attempt& x, order_scenario& of) {
  const auto seconds = [](steady::time_point at) {
    return std::chrono::duration<double>{at.time_since_epoch()}.count();
  };
  const nlohmann::ordered_json out{{"number", x.number},
                                   {"node", x.node},
                                   {"key", of.key_of(x.number)},
                                   {"skus", of.skus_of(x.number)},
                                   {"due", seconds(x.due)},
                                   {"began", seconds(x.began)},
                                   {"ended", seconds(x.ended)},
                                   {"connected", x.connected},
                                   {"status", x.status},
                                   {"order", x.judgement.id},
                                   {"state", x.judgement.state},
                                   {"why", x.judgement.why},
                                   {"again", x.again}};
  return out.dump() + '\n';
}

} // namespace troupe::load
