// supervisors/sandbox/sandbox.hpp: the twins of all providers behind one address, with faults. No CAF, no clock, no
// I/O.
#pragma once

#include "actors/kernel/http.hpp"
#include "actors/kernel/uuid.hpp"
#include "adapters/email/inbox.hpp"
#include "adapters/email/resend/twin.hpp"
#include "adapters/email/sendgrid/twin.hpp"
#include "adapters/email/smtp/sink.hpp"
#include "adapters/payment/ledger.hpp"
#include "adapters/payment/rest/twin.hpp"
#include "adapters/payment/stripe/twin.hpp"
#include "supervisors/sandbox/faults.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <vector>

namespace troupe::sandbox {

struct options {
  payment::rest::twin_options rest;
  payment::stripe::twin_options stripe;
  email::resend::twin_options resend;
  email::sendgrid::twin_options sendgrid;
  fault_plan faults; // from the start
};

enum class sandbox_ending : std::uint8_t {
  answered = 1,
  truncated, // half of the body is sent under its full Content-Length, then the connection is closed
  dropped,   // the connection is closed without an answer
};

/// What the mount does with a request.
struct outcome {
  http::response response;
  duration delay{0}; // before any of it happens
  sandbox_ending ending = sandbox_ending::answered;
};

/// An event for the endpoint of Stripe's webhooks.
struct webhook {
  std::string id;
  std::string type;
  std::string body;
};

/// `/stripe/...` is Stripe, `/rest/...` the REST provider, `/resend/...` Resend, `/sendgrid/...` SendGrid, and
/// `/_sandbox/...` is for whoever runs the sandbox:
///   GET  /_sandbox/health
///   GET  /_sandbox/ledger?reference=&after=&limit=
///   GET, PUT, DELETE /_sandbox/faults
///   GET  /_sandbox/inbox, /_sandbox/inbox/<number>   pages to look at mails; with .json behind it for programs
///   POST /_sandbox/reset   empties the ledger, the inbox and the faults
/// Faults strike the providers only. Everything happens at the time that is passed in, which must not go back. Not for
/// two threads at once.
class sandbox {
public:
  /// Keeps what happens for good.
  struct storage {
    std::function<bool(std::string_view line)> append; // before anything counts; false refuses it
    std::function<bool()> clear;
  };

  sandbox(options how, random_fn random, time_point now);
  sandbox(const sandbox&) = delete;
  sandbox& operator=(const sandbox&) = delete;

  /// Applies a line that was given to the storage of an earlier sandbox. False when it is no such line.
  bool replay(std::string_view line) { return books_.replay(line); }

  /// Without it the sandbox lives in memory alone. After the last replay.
  void keep_in(storage where);

  outcome handle(http::request r, time_point now);

  /// The SMTP sink's part: takes a mail over, unless a fault for the method DATA and the path /smtp strikes.
  email::smtp::sink_answer take_mail(email::letter x, time_point now);

  /// Whether a recipient of the SMTP sink that fails once in two times fails now.
  bool fails(email::recipient_kind kind);

  const email::inbox& letters() const { return letters_; }

  /// Decides pending payments and gives the webhooks that are due by `now`, in the order in which they are.
  std::vector<webhook> take_webhooks(time_point now);

  /// When take_webhooks has something to do next.
  std::optional<time_point> next_due();

  /// `Stripe-Signature` for a body sent at `now`.
  std::string sign(std::string_view body, time_point now) const;

  const payment::ledger& books() const { return books_; }

  void set_faults(fault_plan plan, time_point now) { faults_.set(std::move(plan), now); }

private:
  struct late_webhook {
    time_point due;
    std::uint64_t order; // of those due at the same time
    webhook what;

    bool operator>(const late_webhook& other) const { return std::tie(due, order) > std::tie(other.due, other.order); }
  };

  http::response administer(const http::request& r, time_point now);
  http::response show_ledger(std::string_view query) const;
  http::response put_faults(const std::string& body, time_point now);
  http::response reset();
  http::response show_inbox(std::string_view what, std::string_view query) const;
  outcome serve(payment::twin_kind twin, http::request r, time_point now);
  template <class Twin> outcome serve_mail(Twin& twin, std::string_view prefix, http::request r, time_point now);
  void enqueue(const fault_rule* rule, time_point now);

  payment::ledger books_;
  payment::rest::twin rest_;
  payment::stripe::twin stripe_;
  email::inbox letters_; // in memory alone
  email::resend::twin resend_;
  email::sendgrid::twin sendgrid_;
  email::every_other limited_;
  email::every_other unavailable_;
  faults faults_;
  storage storage_;
  std::priority_queue<late_webhook, std::vector<late_webhook>, std::greater<>> webhooks_;
  std::uint64_t webhooks_made_ = 0;
};

} // namespace troupe::sandbox
