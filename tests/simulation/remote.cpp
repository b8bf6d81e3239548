#include "tests/simulation/remote.hpp"

#include "actors/timer.hpp"

#include <array>
#include <utility>

namespace troupe::simulation {

remote::remote(caf::scheduled_actor* self, world& w, std::string name, const remote_faults& faults,
               remote_conditions& conditions, server behind)
  : self_(self), world_(w), name_(std::move(name)), faults_(faults), conditions_(conditions),
    behind_(std::move(behind)), random_(w.random().fork()) {}

void remote::meet(http::call x, reply_type reply) {
  conditions_.calls_in_the_dark += conditions_.dark ? 1 : 0;
  const auto what = draw();
  meet(what, std::move(x), reply);
}

void remote::answer(reply_type reply, http::response x) {
  answer(reply, std::move(x), random_.between(duration{1}, faults_.latency_max));
}

std::string_view remote::name_of(fate x) {
  switch (x) {
    case fate::unreachable: return "unreachable";
    case fate::lost: return "call lost";
    case fate::lost_answer: return "answer lost";
    case fate::silent: return "silent";
    case fate::timeout_lie: return "acted and timed out";
    case fate::late: return "acted late";
    case fate::twice: return "acted twice";
    case fate::unavailable: return "503";
    case fate::rate_limited: return "429";
    case fate::broken: return "acted and answered 500";
    case fate::garbled: return "garbled answer";
    case fate::good: break;
  }
  return "";
}

remote::fate remote::draw() {
  if (conditions_.dark && conditions_.refuses_connections)
    return fate::unreachable;
  if (conditions_.dark) {
    constexpr std::array in_the_dark{fate::unreachable, fate::silent, fate::timeout_lie};
    return in_the_dark[random_.below(in_the_dark.size())];
  }
  if (!world_.faults_on())
    return fate::good;
  const std::array odds{faults_.unreachable,  faults_.lost,   faults_.lost_answer, faults_.silent,
                        faults_.timeout_lie,  faults_.late,   faults_.twice,       faults_.unavailable,
                        faults_.rate_limited, faults_.broken, faults_.garbled};
  auto u = random_.unit();
  std::size_t number = 0;
  for (; number < odds.size() && u >= odds[number]; ++number)
    u -= odds[number];
  return static_cast<fate>(number);
}

void remote::later(duration delay, std::function<void()> what) {
  run_later(self_, delay, std::move(what));
}

void remote::fail(ec code, reply_type reply, duration delay) {
  later(delay, [code, reply]() mutable { reply.deliver(caf::make_error(code)); });
}

void remote::answer(reply_type reply, http::response x, duration delay) {
  later(delay, [reply, x = std::move(x)]() mutable { reply.deliver(std::move(x)); });
}

void remote::meet(fate what, http::call x, reply_type reply) {
  const auto latency = random_.between(duration{1}, faults_.latency_max);
  if (what != fate::good)
    world_.mishap(name_ + ": " + std::string{name_of(what)});
  switch (what) {
    case fate::good:
      return later(latency, [this, x = std::move(x), reply]() mutable { reply.deliver(behind_.act(x.message)); });
    case fate::unreachable: return fail(ec::unavailable, reply, latency);
    case fate::lost: return fail(ec::interrupted, reply, latency);
    case fate::lost_answer: behind_.act(x.message); return fail(ec::interrupted, reply, latency);
    case fate::silent: return fail(ec::timed_out, reply, x.timeout);
    case fate::timeout_lie: behind_.act(x.message); return fail(ec::timed_out, reply, x.timeout);
    case fate::late: {
      fail(ec::timed_out, reply, x.timeout);
      const auto delay = x.timeout + random_.between(duration{1}, 4 * x.timeout);
      return later(delay, [this, x = std::move(x)] { behind_.act(x.message); });
    }
    case fate::twice: {
      auto said = behind_.act(x.message);
      const bool did = said.status < 300; // What was refused nobody has a reason to bring again.
      answer(reply, std::move(said), latency);
      if (!did)
        return;
      if (behind_.doubled)
        behind_.doubled(x.message);
      const auto delay = random_.between(duration{1}, 2 * x.timeout);
      return later(delay, [this, x = std::move(x)] { behind_.act(x.message); });
    }
    case fate::unavailable: return answer(reply, behind_.refuse(503), latency);
    case fate::rate_limited: {
      auto said = behind_.refuse(429);
      said.fields.emplace(said.fields.begin(), "Retry-After", std::to_string(random_.below(3)));
      return answer(reply, std::move(said), latency);
    }
    case fate::broken: behind_.act(x.message); return answer(reply, behind_.refuse(500), latency);
    case fate::garbled: {
      auto said = behind_.act(x.message);
      said.body.resize(random_.below(said.body.size() + 1));
      return answer(reply, std::move(said), latency);
    }
  }
}

} // namespace troupe::simulation
