#include "actors/cluster/desk.hpp"
#include "actors/cluster/survey.hpp"
#include "actors/notification/notification_actor.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/smtp_client/smtp_client.hpp"
#include "supervisors/cluster/facts.hpp"
#include "supervisors/cluster/messages.hpp"
#include "supervisors/cluster/rates.hpp"
#include "tests/actors/wire/samples.hpp"

namespace troupe::wire {

namespace {

using namespace std::chrono_literals;

void add_kernel(samples& to) {
  to.add_values<ec>();
  to.add("all", request_context{"operator",
                                {0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true},
                                time_point{duration{1'500}}});
  to.add("no_deadline", request_context{"anonymous", {}, time_point::max()});
  to.add("all", euros(-1290));
}

void add_http(samples& to) {
  const http::request request{"POST", "/v1/payments?x=1", {{"Content-Type", "application/json"}}, "{}"};
  to.add("all", request);
  to.add("all", http::response{503, {{"Retry-After", "1"}}, "later"});
  to.add("all", http::call{"https://pay.example", request, 5s, 4'096});
}

void add_mail(samples& to) {
  const notification::mailbox ada{"ada@example.com", "Ada"};
  to.add("all", smtp::submission{"shop@example.com", ada.address, {"Subject: Yes"}, "Yes.\r\n", "<p>Yes.</p>\r\n", 5s});
  to.add("all", smtp::reply{550, "no such mailbox"});
  to.add_values<notification::category>();
  to.add_values<notification::mail_refusal>();
  to.add("all", ada);
  to.add("all", notification::send_mail{"o-1/confirmation",
                                        {"shop@example.com", "The shop"},
                                        ada,
                                        "confirmation",
                                        R"({"order":"o-1"})",
                                        notification::category::bulk});
  to.add("all", notification::accepted{"msg-1"});
  to.add_values<notification::rejection>();
  to.add("all", notification::request_mail{"o-1/confirmation", ada, "confirmation", R"({"order":"o-1"})",
                                           notification::category::bulk});
  to.add("all", notification::get_mail{"o-1/confirmation"});
  to.add("all", notification::try_again{"o-1/confirmation", "l-1/1"});
  notification::mail_view view;
  view.id = "o-1/confirmation";
  view.status = notification::status::given_up;
  view.template_name = "confirmation";
  view.kind = notification::category::bulk;
  view.provider = "smtp";
  view.message_id = "msg-1";
  view.why = "expired";
  view.attempts = 4;
  view.times_given_up = 1;
  view.requested_at = noon;
  view.updated_at = noon + 1s;
  to.add("all", view);
  to.add_with_each<notification::status>([](notification::status x) {
    notification::mail_view out;
    out.status = x;
    return out;
  });
}

void add_cluster(samples& to) {
  to.add("all", cluster::hello{"node-1", 7, 1});
  to.add("all", cluster::get_port{"payment.stripe"});
  to.add("all", cluster::drain_node{"node-1", "a new kernel"});
  to.add("all", cluster::drained{"node-1"});
  to.add("all", cluster::ownership_change{17, "node-1", 3});
  to.add("all", cluster::news{{{17, "node-1", 3}, {18, "", 4}}});
  to.add("all", cluster::breakers{"node-1", 7, {{"payment.main", 2, true, 5'000ms, "5 consecutive failures"}}});
  to.add("all", cluster::held_breakers{{{"payment.main",
                                         {guard::breaker_mode::open, "a test", "ada"},
                                         {{noon, "breaker", "open", "ada", "a test"}},
                                         3}}});
  to.add("all", cluster::lease_tokens{"payment.main", true, 100, 1min, 5, 3, 2s});
  to.add("all", cluster::leased{3, 620ms});
  to.add("all", cluster::get_parts{});
  to.add("all", cluster::part_list{{{"node/entities/orders", "one for one", "up", 1h, 2, "an invariant broke", 1min, 3,
                                     5ms, 4, cluster::population{412, 5}}}});
  to.add("bare", cluster::part_list{{cluster::part{}}});
  const pause::target stripe{pause::kind::provider, "stripe"};
  to.add("all", cluster::pauses{{{stripe, pause::paused{"a test", "ada", noon}, {{noon, noon + 1s}}, 3},
                                 {stripe, std::nullopt, {}, 4}}});
}

} // namespace

void add_edges(samples& to) {
  add_kernel(to);
  add_http(to);
  add_mail(to);
  add_cluster(to);
}

const samples& all_samples() {
  static const samples all = [] {
    samples made;
    add_edges(made);
    add_commerce(made);
    add_operations(made);
    return made;
  }();
  return all;
}

} // namespace troupe::wire
