#include "config/table.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

constexpr limits some{1};      // not empty
constexpr limits some_time{1}; // at least a millisecond
constexpr limits up_to_a_million{1, 1'000'000};

constexpr row<options> rows[] = {
  {"node.name", [](options& x) -> field { return &x.node.name; },
   "How this node calls itself in logs and in what it stores.", some},
  {"node.threads",
   [](options& x) -> field { return &x.node.threads; },
   "Threads that serve requests and run actors; 0 for one per processor.",
   {0, 1'024}},
  {"node.state_directory", [](options& x) -> field { return &x.node.state_directory; },
   "Folder of everything that the node keeps. TROUPE_STATE sets it, too.", some},
  {"store.kind",
   [](options& x) -> field { return &x.store.kind; },
   "What the journal is kept in.",
   {0, 0, "sqlite|postgres"}},
  {"store.path", [](options& x) -> field { return &x.store.path; },
   "sqlite: the file, relative to the working directory; journal.db in the state directory when empty."},
  {"store.postgres.url", [](options& x) -> field { return &x.store.postgres.url; },
   "postgres: what to connect with, as libpq takes it: postgresql://troupe@db/troupe?passfile=/etc/troupe/pgpass. Of "
   "several hosts the one that takes writes is used."},
  {"store.postgres.migrate", [](options& x) -> field { return &x.store.postgres.migrate; },
   "Whether a start brings the database's schema up to this release; else `troupe migrate up` does."},
  {"store.postgres.allow_weak_durability", [](options& x) -> field { return &x.store.postgres.allow_weak_durability; },
   "Use a server even if it acknowledges what it may lose: synchronous_commit weaker than on, fsync off."},
  {"store.postgres.pool.min",
   [](options& x) -> field { return &x.store.postgres.pool.min; },
   "Connections that read for all contexts but orders, and stay open once they are.",
   {1, 1'000}},
  {"store.postgres.pool.max",
   [](options& x) -> field { return &x.store.postgres.pool.max; },
   "The most of them at once. The server's max_connections has to hold those of all nodes, and three more of each.",
   {1, 1'000}},
  {"store.postgres.order_pool.min",
   [](options& x) -> field { return &x.store.postgres.order_pool.min; },
   "The same for orders, which have connections of their own.",
   {1, 1'000}},
  {"store.postgres.order_pool.max",
   [](options& x) -> field { return &x.store.postgres.order_pool.max; },
   "The most of them at once.",
   {1, 1'000}},
  {"cluster.enabled", [](options& x) -> field { return &x.cluster.enabled; },
   "Whether this node shares its work with the others on the same PostgreSQL database."},
  {"cluster.address", [](options& x) -> field { return &x.cluster.port.address; },
   "Address at which it listens for other nodes. Who connects needs a certificate of the cluster's CA.", some},
  {"cluster.port", [](options& x) -> field { return &x.cluster.port.port; }, "Its port; 0 lets the system choose."},
  {"cluster.advertise", [](options& x) -> field { return &x.cluster.advertise; },
   "Where other nodes reach it, as in 10.0.0.5:9100; cluster.address and its port when empty, or, if that is all "
   "addresses, where discovery finds it."},
  {"cluster.roles", [](options& x) -> field { return &x.cluster.roles; },
   "What it is there for, with commas between: worker (it owns shards), gateway (shops call it).", some},
  {"cluster.labels", [](options& x) -> field { return &x.cluster.labels; },
   "Words about it that placement can ask for, as in zone=a,egress=fixed."},
  {"cluster.weight",
   [](options& x) -> field { return &x.cluster.weight; },
   "Its part of the shards, compared with the other nodes'.",
   {1, 1'000}},
  {"cluster.lease",
   [](options& x) -> field { return &x.cluster.lease; },
   "Without a word from it for so long, the others take its shards. The same on every node.",
   {500, 60'000}},
  {"cluster.renewal",
   [](options& x) -> field { return &x.cluster.renewal; },
   "Between two renewals of its lease.",
   {50, 20'000}},
  {"cluster.moves_at_once",
   [](options& x) -> field { return &x.cluster.moves_at_once; },
   "Served shards that are on their way from one node to another at once, in the whole cluster.",
   {0, 1'024}},
  {"cluster.drain", [](options& x) -> field { return &x.cluster.drain; },
   "How long an ending node tries to hand its shards over."},
  {"cluster.tls.certificate", [](options& x) -> field { return &x.cluster.certificate; },
   "PEM file of its certificate. The three files can be replaced while it runs; new ones are used within seconds."},
  {"cluster.tls.key", [](options& x) -> field { return &x.cluster.key; }, "PEM file of the certificate's key."},
  {"cluster.tls.ca", [](options& x) -> field { return &x.cluster.ca; },
   "PEM file of the cluster's own CA, which signs nothing else: whoever has a certificate of it is let in."},
  {"cluster.placement.payment", [](options& x) -> field { return &x.cluster.payment_placement; },
   "Payment providers are called by nodes with this label alone, as in egress=fixed; by each node when empty. The same "
   "on "
   "every node."},
  {"cluster.placement.email", [](options& x) -> field { return &x.cluster.email_placement; },
   "Likewise mail providers."},
  {"cluster.discovery.kind",
   [](options& x) -> field { return &x.cluster.discovery.kind; },
   "Who is asked where a node is when it is not where the store says: nobody (store), cluster.discovery.nodes "
   "(static), "
   "DNS or Consul. Who is a member, only the store says.",
   {0, 0, "store|static|dns|consul"}},
  {"cluster.discovery.nodes", [](options& x) -> field { return &x.cluster.discovery.nodes; },
   "static: where nodes are, as in node-1=10.0.0.5:9100,node-2=10.0.0.6:9100."},
  {"cluster.discovery.service", [](options& x) -> field { return &x.cluster.discovery.service; },
   "dns: the domain that nodes' names stand in, as troupe.prod.svc.cluster.local; consul: the service, with the nodes' "
   "names as tags."},
  {"cluster.discovery.port",
   [](options& x) -> field { return &x.cluster.discovery.port; },
   "dns: every node's port; 0 if SRV records of _cluster._tcp in the domain say it, whose hosts begin with the node's "
   "name.",
   {0, 65'535}},
  {"cluster.discovery.server", [](options& x) -> field { return &x.cluster.discovery.server; },
   "dns: the server that is asked, as in 10.0.0.2:53; the system's when empty."},
  {"cluster.discovery.url", [](options& x) -> field { return &x.cluster.discovery.url; }, "consul: its agent."},
  {"cluster.discovery.token", [](options& x) -> field { return &x.cluster.discovery.token; },
   "consul: the token of its access control, if it has one."},
  {"commerce.address", [](options& x) -> field { return &x.commerce.address; },
   "Address of the interface that shops call. Loopback only, unless it is changed.", some},
  {"commerce.port", [](options& x) -> field { return &x.commerce.port; }, "Its port; 0 lets the system choose."},
  {"operations.address", [](options& x) -> field { return &x.operations.address; },
   "Address of the interface for operators: health, metrics, administration.", some},
  {"operations.port", [](options& x) -> field { return &x.operations.port; }, "Its port; 0 lets the system choose."},
  {"operations.queue_depth_max",
   [](options& x) -> field { return &x.queues.depth_max; },
   "Orders with work that is due, or mails that are, at which their queue is called down in /health.",
   {1, 1'000'000'000},
   change::at_once},
  {"operations.webhook.url", [](options& x) -> field { return &x.webhook.url; },
   "Where to tell, by Standard Webhooks, that a breaker opens, a dead letter arrives, something is paused or a queue "
   "ages; nobody is told when empty."},
  {"operations.webhook.secret", [](options& x) -> field { return &x.webhook.key; },
   "What signs it: whsec_ and 24 to 64 bytes in Base64."},
  {"operations.webhook.events", [](options& x) -> field { return &x.webhook.events; },
   "What is told, with commas between: breaker.opened, breaker.closed, dead_letter.recorded, pause.begun, pause.ended, "
   "queue.aged, queue.recovered; all of it when empty."},
  {"operations.webhook.policy", [](options& x) -> field { return &x.webhook.policy; },
   "By which of the policies calls to it are guarded.", some, change::at_once},
  {"operations.webhook.timeout", [](options& x) -> field { return &x.webhook.timeout; }, "Of one try.", some_time},
  {"sandbox.enabled", [](options& x) -> field { return &x.sandbox.enabled; },
   "Whether the node runs the sandbox, which stands in for payment and mail providers, in its own process."},
  {"sandbox.address", [](options& x) -> field { return &x.sandbox.address; }, "Address of the sandbox.", some},
  {"sandbox.port", [](options& x) -> field { return &x.sandbox.port; },
   "Its port; 0 lets the system choose. Providers that are not configured are looked for here."},
  {"sandbox.smtp_port", [](options& x) -> field { return &x.sandbox.smtp_port; },
   "Port of its SMTP sink; 0 lets the system choose."},
  {"http.head_bytes_max",
   [](options& x) -> field { return &x.http.head_bytes_max; },
   "Size of a request's line and header fields; a larger one is answered with 431.",
   {256, 1u << 20},
   change::at_once},
  {"http.body_bytes_max",
   [](options& x) -> field { return &x.http.body_bytes_max; },
   "Size of a request's body; a larger one is answered with 413.",
   {256, 1u << 30},
   change::at_once},
  {"http.json_depth_max",
   [](options& x) -> field { return &x.http.json_depth_max; },
   "Objects and arrays inside one another in a body; more are answered with 400.",
   {1, 1'000},
   change::at_once},
  {"http.connections_max", [](options& x) -> field { return &x.http.connections_max; },
   "Connections at a time; one more is answered with 503 and closed.", up_to_a_million, change::at_once},
  {"http.head_timeout", [](options& x) -> field { return &x.http.head_timeout; },
   "Time from a head's first byte to its last; then 408.", some_time, change::at_once},
  {"http.body_timeout", [](options& x) -> field { return &x.http.body_timeout; },
   "Time from a body's first byte to its last; then 408.", some_time, change::at_once},
  {"http.idle_timeout", [](options& x) -> field { return &x.http.idle_timeout; },
   "Time between two requests of a connection; then it is closed.", some_time, change::at_once},
  {"http.write_timeout", [](options& x) -> field { return &x.http.write_timeout; },
   "Time for a client to take an answer; then its connection is closed.", some_time, change::at_once},
  {"http.notice",
   [](options& x) -> field { return &x.http.notice; },
   "Time between the first 503 of health/ready and the end of new connections when the node is told to stop, so that "
   "balancers notice; 0 for none.",
   {},
   change::at_once},
  {"http.drain",
   [](options& x) -> field { return &x.http.drain; },
   "Time that requests in flight get when the node is told to stop.",
   {},
   change::at_once},
  {"client.calls_in_flight_max", [](options& x) -> field { return &x.client.calls_in_flight_max; },
   "Calls to one provider at a time.", up_to_a_million},
  {"client.calls_waiting_max",
   [](options& x) -> field { return &x.client.calls_waiting_max; },
   "Calls that wait for their turn; one more is tried again later.",
   {0, 1'000'000}},
  {"client.connect_timeout", [](options& x) -> field { return &x.client.connect_timeout; },
   "Time for name lookup, TCP and TLS together.", some_time},
  {"client.connection_idle_max", [](options& x) -> field { return &x.client.connection_idle_max; },
   "A connection that was idle for longer is not used again.", some_time},
  {"client.proxy", [](options& x) -> field { return &x.client.proxy; },
   "Proxy for calls to providers, such as http://proxy:3128; empty for none."},
  {"client.ca_file", [](options& x) -> field { return &x.client.ca_file; },
   "PEM file of the certificate authorities to trust; the system's when empty."},
  {"orders.capture_at_once",
   [](options& x) -> field { return &x.orders.capture_at_once; },
   "Whether an order takes its money as soon as its stock is sold, or waits for a capture request.",
   {},
   change::at_once},
  {"orders.hold_time",
   [](options& x) -> field { return &x.orders.hold_time; },
   "How long stock is held for an order that is not paid yet.",
   {1'000},
   change::at_once},
  {"orders.retry_base", [](options& x) -> field { return &x.orders.retry_base; },
   "Wait after the first failed attempt of a step; it doubles with each further one.", some_time, change::at_once},
  {"orders.retry_max", [](options& x) -> field { return &x.orders.retry_max; },
   "The longest wait between two attempts.", some_time, change::at_once},
  {"orders.capture_window",
   [](options& x) -> field { return &x.orders.capture_window; },
   "How long an authorized payment waits for its capture request.",
   {1'000},
   change::at_once},
  {"inventory.low_stock_threshold",
   [](options& x) -> field { return &x.inventory.low_stock_threshold; },
   "Available units at which low stock is told.",
   {0, 1'000'000'000},
   change::at_once},
  {"entities.idle_timeout",
   [](options& x) -> field { return &x.entities.idle_timeout; },
   "An order or SKU that nobody asked for this long leaves memory.",
   {1}},
  {"entities.snapshot_every", [](options& x) -> field { return &x.entities.snapshot_every; },
   "Events of an entity between two snapshots of it.", up_to_a_million},
  {"entities.live_max",
   [](options& x) -> field { return &x.entities.live_max; },
   "Entities of one kind in memory; one more is answered with 503.",
   {1, 1'000'000'000}},
  {"supervision.restarts_max",
   [](options& x) -> field { return &x.supervision.restarts_max; },
   "Failures of one supervisor's parts that restarts answer, within the next; one more is its own failure, and that of "
   "the topmost one ends the process.",
   {0, 1'000}},
  {"supervision.restarts_within", [](options& x) -> field { return &x.supervision.restarts_within; },
   "How long a failure counts.", some_time},
  {"supervision.sheds_after", [](options& x) -> field { return &x.supervision.sheds_after; },
   "Age of the oldest message that waits for a part at which new orders are answered with 503.", some_time,
   change::at_once},
  {"supervision.not_ready_after", [](options& x) -> field { return &x.supervision.not_ready_after; },
   "Age of the oldest message, or of a part's failure, at which the node calls itself not ready.", some_time,
   change::at_once},
  {"payment.default", [](options& x) -> field { return &x.payment.default_provider; },
   "The provider of orders that name none: one of those below.", some, change::at_once},
  {"email.enabled", [](options& x) -> field { return &x.email.enabled; },
   "Whether mails are sent. Where not, each one that is asked for is skipped, and stored as that."},
  {"email.from", [](options& x) -> field { return &x.email.from; }, "Who writes, as in Shop <orders@shop.example>.",
   some},
  {"email.order", [](options& x) -> field { return &x.email.order; },
   "Names of providers in the order in which they are tried, with commas between them; all by name when empty."},
  {"email.templates", [](options& x) -> field { return &x.email.templates; },
   "Folder of templates (NAME.subject, NAME.txt, NAME.html) that take the place of the built-in ones; none when "
   "empty."},
  {"email.transactional_per_second", [](options& x) -> field { return &x.email.transactional_per_second; },
   "Transactional mails that one provider gets in a second.", up_to_a_million},
  {"email.bulk_per_hour", [](options& x) -> field { return &x.email.bulk_per_hour; },
   "Bulk mails that one provider gets in an hour.", up_to_a_million},
  {"email.attempts_max",
   [](options& x) -> field { return &x.email.attempts_max; },
   "Tries of a mail, each through all providers, before it is given up.",
   {1, 100}},
  {"email.unanswered_max",
   [](options& x) -> field { return &x.email.unanswered_max; },
   "Tries of a mail without an answer before it is given up: it may have been sent each time.",
   {1, 100}},
  {"email.retry_base", [](options& x) -> field { return &x.email.retry_base; },
   "Wait after the first failed try; twice that after the second, and so on.", some_time},
  {"email.rate_limit_wait", [](options& x) -> field { return &x.email.rate_limit_wait; },
   "Wait when a provider says that it gets too many and not how long to wait.", some_time},
  {"email.lifetime", [](options& x) -> field { return &x.email.lifetime; },
   "A mail that could not be sent for this long is given up.", some_time},
  {"log.level",
   [](options& x) -> field { return &x.log.level; },
   "What is logged.",
   {0, 0, "debug|info|warn|error"},
   change::at_once},
  {"log.format",
   [](options& x) -> field { return &x.log.format; },
   "json for programs, text for people; auto is text on a terminal and json elsewhere.",
   {0, 0, "auto|json|text"}},
  {"demo.catalog", [](options& x) -> field { return &x.demo.catalog; },
   "Whether a few products are put on sale at the start, for a first order."},
};

constexpr row<provider_options> provider_table[] = {
  {"kind", [](provider_options& x) -> field { return &x.kind; }, "Which adapter: rest, stripe or simulated.", some},
  {"base_url", [](provider_options& x) -> field { return &x.base_url; },
   "Where it is; for stripe the real one when empty."},
  {"token", [](provider_options& x) -> field { return &x.token; }, "rest: its bearer token."},
  {"oauth.token_url", [](provider_options& x) -> field { return &x.oauth.token_url; },
   "rest: OAuth 2.0 client credentials instead of a token: where to get one."},
  {"oauth.client_id", [](provider_options& x) -> field { return &x.oauth.client_id; }, "rest: who asks for it."},
  {"oauth.client_secret", [](provider_options& x) -> field { return &x.oauth.client_secret; }, "rest: its secret."},
  {"oauth.scope", [](provider_options& x) -> field { return &x.oauth.scope; },
   "rest: what to ask for; the server's default when empty."},
  {"api_key", [](provider_options& x) -> field { return &x.api_key; }, "stripe: its secret key."},
  {"webhook_secret", [](provider_options& x) -> field { return &x.webhook_secret; },
   "stripe: of the webhook endpoint /webhooks/stripe; webhooks are refused when empty."},
  {"policy", [](provider_options& x) -> field { return &x.policy; },
   "How calls to it are shielded: one of the policies below.", some, change::at_once},
  {"timeout", [](provider_options& x) -> field { return &x.timeout; }, "Of one call; the policy may give it less.",
   some_time},
  {"key_lifetime",
   [](provider_options& x) -> field { return &x.key_lifetime; },
   "How long it remembers idempotency keys; after that nothing is repeated.",
   {1'000}},
  {"search_lag", [](provider_options& x) -> field { return &x.search_lag; }, "stripe: how late its search may be."},
};

constexpr row<policy_options> policy_table[] = {
  {"timeout", [](policy_options& x) -> field { return &x.timeout; }, "Of one attempt.", some_time, change::at_once},
  {"deadline", [](policy_options& x) -> field { return &x.deadline; },
   "Of a call with all its attempts; no attempt begins later.", some_time, change::at_once},
  {"rate.limit",
   [](policy_options& x) -> field { return &x.rate.limit; },
   "Calls in any span of `per`, retries among them; 0 for no limit.",
   {0, 1'000'000'000},
   change::at_once},
  {"rate.per", [](policy_options& x) -> field { return &x.rate.per; }, "The span.", some_time, change::at_once},
  {"rate.burst",
   [](policy_options& x) -> field { return &x.rate.burst; },
   "Calls at once after a rest; the fewer, the more evenly they go. At most the limit.",
   {1, 1'000'000'000},
   change::at_once},
  {"bulk_rate.limit",
   [](policy_options& x) -> field { return &x.bulk_rate.limit; },
   "The same for bulk calls, which give way to the others; 0 lets them share the rate above.",
   {0, 1'000'000'000},
   change::at_once},
  {"bulk_rate.per", [](policy_options& x) -> field { return &x.bulk_rate.per; }, "The span.", some_time,
   change::at_once},
  {"bulk_rate.burst",
   [](policy_options& x) -> field { return &x.bulk_rate.burst; },
   "Bulk calls at once after a rest.",
   {1, 1'000'000'000},
   change::at_once},
  {"bulkhead.calls_max",
   [](policy_options& x) -> field { return &x.bulkhead.calls_max; },
   "Calls at a time; 0 for no cap.",
   {0, 1'000'000},
   change::at_once},
  {"bulkhead.queue_max",
   [](policy_options& x) -> field { return &x.bulkhead.queue_max; },
   "Calls that wait for a place or for the rate; one more is refused.",
   {0, 1'000'000},
   change::at_once},
  {"bulkhead.queue_time",
   [](policy_options& x) -> field { return &x.bulkhead.queue_time; },
   "How long they wait; 0 for not at all.",
   {},
   change::at_once},
  {"breaker.failures",
   [](policy_options& x) -> field { return &x.breaker.failures; },
   "Failures in a row that open the circuit breaker; 0 for never.",
   {0, 1'000'000},
   change::at_once},
  {"breaker.failure_percent",
   [](policy_options& x) -> field { return &x.breaker.failure_percent; },
   "Failures in a hundred calls of the window that open it; 0 for never.",
   {0, 100},
   change::at_once},
  {"breaker.window",
   [](policy_options& x) -> field { return &x.breaker.window; },
   "The window.",
   {10},
   change::at_once},
  {"breaker.calls_min", [](policy_options& x) -> field { return &x.breaker.calls_min; },
   "Calls in the window before their percentage says anything.", up_to_a_million, change::at_once},
  {"breaker.open_time", [](policy_options& x) -> field { return &x.breaker.open_time; },
   "How long it then refuses every call, before it lets a few through to see.", some_time, change::at_once},
  {"breaker.half_open_calls", [](policy_options& x) -> field { return &x.breaker.half_open_calls; },
   "How many of those at a time; the first success closes it.", up_to_a_million, change::at_once},
  {"retry.attempts",
   [](policy_options& x) -> field { return &x.retry.attempts; },
   "Attempts of one call, the first included.",
   {1, 100},
   change::at_once},
  {"retry.timeout_attempts",
   [](policy_options& x) -> field { return &x.retry.timeout_attempts; },
   "Attempts of a call that times out; 0 for as many as of any other.",
   {0, 100},
   change::at_once},
  {"retry.backoff",
   [](policy_options& x) -> field { return &x.retry.backoff; },
   "How the wait between attempts grows; up to half of it is taken off at random.",
   {0, 0, "constant|linear|exponential"},
   change::at_once},
  {"retry.base", [](policy_options& x) -> field { return &x.retry.base; }, "The first wait.", some_time,
   change::at_once},
  {"retry.max", [](policy_options& x) -> field { return &x.retry.max; }, "The longest wait.", some_time,
   change::at_once},
  {"retry.budget_percent",
   [](policy_options& x) -> field { return &x.retry.budget_percent; },
   "Retries per hundred calls of the last ten seconds.",
   {0, 100},
   change::at_once},
  {"retry.budget_floor",
   [](policy_options& x) -> field { return &x.retry.budget_floor; },
   "Retries that are allowed in ten seconds however few calls there are.",
   {0, 1'000'000},
   change::at_once},
  {"hedge_after",
   [](policy_options& x) -> field { return &x.hedge_after; },
   "A call that changes nothing and has no answer by then is made once more beside itself; 0 for never.",
   {},
   change::at_once},
  {"answer_age_max",
   [](policy_options& x) -> field { return &x.answer_age_max; },
   "Age up to which a good answer stands in for a failed call, where the service allows that at all; 0 for never.",
   {},
   change::at_once},
};

constexpr row<email_provider_options> email_provider_table[] = {
  {"kind", [](email_provider_options& x) -> field { return &x.kind; },
   "Which adapter: resend, sendgrid, smtp or simulated.", some},
  {"policy", [](email_provider_options& x) -> field { return &x.policy; },
   "By which of the policies calls to it are guarded.", some, change::at_once},
  {"base_url", [](email_provider_options& x) -> field { return &x.base_url; },
   "resend, sendgrid: where it is; the real one when empty."},
  {"api_key", [](email_provider_options& x) -> field { return &x.api_key; }, "resend, sendgrid: its key."},
  {"url", [](email_provider_options& x) -> field { return &x.url; },
   "smtp: the server, as in smtp://mail.example.com:587 or smtps://mail.example.com."},
  {"user", [](email_provider_options& x) -> field { return &x.user; }, "smtp: who logs in; nobody when empty."},
  {"password", [](email_provider_options& x) -> field { return &x.password; }, "smtp: the user's password."},
  {"start_tls",
   [](email_provider_options& x) -> field { return &x.start_tls; },
   "smtp: whether an smtp:// connection is encrypted by STARTTLS; a password needs required.",
   {0, 0, "required|offered|never"}},
  {"timeout", [](email_provider_options& x) -> field { return &x.timeout; }, "Of one try.", some_time},
};

/// Letters to insert, remove, change or swap to make one text of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('.') + 1); // npos + 1 is 0.
}

} // namespace

std::span<const row<options>> option_rows() {
  return rows;
}

std::span<const row<provider_options>> provider_rows() {
  return provider_table;
}

std::span<const row<policy_options>> policy_rows() {
  return policy_table;
}

policy_map shipped_policies() {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  policy_map all;
  all["default"];

  auto& commerce_api = all["commerce-api"];
  commerce_api.timeout = seconds{5};
  commerce_api.deadline = seconds{5};

  auto& integration = all["integration"];
  integration.breaker = {5, 0, seconds{10}, 10, seconds{30}, 3};

  auto& order_client = all["order-client"];
  order_client.timeout = seconds{3};
  order_client.deadline = seconds{3};
  order_client.breaker = {0, 50, seconds{10}, 10, seconds{30}, 1};

  auto& http_client = all["http-client"];
  http_client.timeout = seconds{5};
  http_client.deadline = seconds{25};
  http_client.retry.attempts = 4;

  all["users-route"].breaker = {0, 50, seconds{10}, 10, seconds{30}, 1};
  all["orders-route"].breaker = {0, 30, seconds{10}, 10, minutes{1}, 1};

  auto& payment_api = all["payment-api"];
  payment_api.rate = {100, minutes{1}, 5};
  payment_api.bulkhead = {10, 100, seconds{5}};
  payment_api.breaker = integration.breaker;
  payment_api.retry.attempts = 3;

  auto& payment_processor = all["payment-processor"];
  payment_processor.timeout = seconds{300};
  payment_processor.deadline = seconds{300};
  payment_processor.bulkhead = {5, 10, seconds{300}};
  payment_processor.retry.attempts = 3;

  auto& email = all["email"];
  email.timeout = seconds{10};
  email.deadline = minutes{1};
  email.rate = {100, seconds{1}, 10};
  email.bulk_rate = {1'000, hours{1}, 10};
  email.bulkhead = {20, 1'000, seconds{10}};
  email.breaker = integration.breaker;
  email.retry.attempts = 5;
  email.retry.timeout_attempts = 3;
  email.retry.backoff = "linear";
  email.retry.base = seconds{1};

  // A mail tries again by itself, durably, and keeps the rates of its provider.
  auto& mail = all["mail"];
  mail.timeout = seconds{10};
  mail.deadline = seconds{40};
  mail.breaker = integration.breaker;
  mail.bulkhead = {20, 1'000, seconds{10}};

  auto& webhook = all["webhook"];
  webhook.timeout = seconds{10};
  webhook.deadline = minutes{1};
  webhook.breaker = integration.breaker;
  webhook.retry.attempts = 3;
  webhook.retry.base = seconds{1};

  auto& sandbox = all["sandbox"];
  sandbox.breaker = {5, 0, seconds{10}, 10, seconds{5}, 3};
  sandbox.retry.attempts = 3;
  sandbox.retry.base = duration{100};
  return all;
}

std::span<const row<email_provider_options>> email_provider_rows() {
  return email_provider_table;
}

std::string_view family_of(std::string_view key) {
  for (const auto family : {providers_key, email_providers_key})
    if (key.starts_with(family) && key.size() > family.size() && key[family.size()] == '.')
      return family;
  return {};
}

namespace {

std::string authority_of(const std::string& address, std::uint16_t port) {
  const auto host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  return host + ":" + std::to_string(port);
}

} // namespace

std::string url_of(const std::string& address, std::uint16_t port) {
  return "http://" + authority_of(address, port);
}

email_provider_map sandbox_email_providers(const sandbox_options& sandbox) {
  const auto at = url_of(sandbox.address, sandbox.port);
  email_provider_options resend;
  resend.kind = "resend";
  resend.base_url = at + "/resend";
  resend.api_key = secret{"re_sandbox"};
  email_provider_options sendgrid;
  sendgrid.kind = "sendgrid";
  sendgrid.base_url = at + "/sendgrid";
  sendgrid.api_key = secret{"SG.sandbox"};
  email_provider_options smtp;
  smtp.kind = "smtp";
  smtp.url = "smtp://" + authority_of(sandbox.address, sandbox.smtp_port);
  smtp.start_tls = "never"; // The sink never leaves the machine, and has no certificate.
  return {{"resend", resend}, {"sendgrid", sendgrid}, {"smtp", smtp}};
}

provider_map sandbox_providers(const sandbox_options& sandbox) {
  const auto at = url_of(sandbox.address, sandbox.port);
  provider_options rest;
  rest.kind = "rest";
  rest.base_url = at + "/rest";
  rest.token = secret{"sandbox"};
  rest.policy = "sandbox";
  provider_options stripe;
  stripe.kind = "stripe";
  stripe.base_url = at + "/stripe";
  stripe.api_key = secret{"sk_test_sandbox"};
  stripe.webhook_secret = secret{"whsec_sandbox"};
  stripe.policy = "sandbox";
  return {{"rest", rest}, {"stripe", stripe}};
}

namespace {

template <class Map, class Rows>
void add_family(std::vector<option>& all, std::string_view family, Map& providers, const Rows& rows_of_one) {
  for (auto& [name, provider] : providers)
    for (const auto& r : rows_of_one) {
      auto key = std::string{family} + "." + name + ".";
      key += r.key;
      all.push_back({std::move(key), r.of(provider), r.meaning, r.limits, r.takes_effect});
    }
}

} // namespace

std::vector<option> options_of(options& x) {
  std::vector<option> all;
  for (const auto& r : rows)
    all.push_back({std::string{r.key}, r.of(x), r.meaning, r.limits, r.takes_effect});
  add_family(all, providers_key, x.payment.providers, provider_table);
  add_family(all, email_providers_key, x.email.providers, email_provider_table);
  for (auto& [name, policy] : x.policies)
    for (const auto& r : policy_table) {
      auto key = std::string{policies_key} + "." + name + ".";
      key += r.key;
      all.push_back({std::move(key), r.of(policy), r.meaning, r.limits, r.takes_effect});
    }
  return all;
}

std::string environment_name(std::string_view key) {
  std::string name = "TROUPE_";
  for (const char c : key)
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '.' || c == '-' ? '_' : c;
  return name;
}

std::string nearest(std::string_view text, std::span<const std::string> known) {
  const std::string* best = nullptr;
  auto best_distance = std::max<std::size_t>(2, text.size() / 4) + 1;
  for (const auto& candidate : known)
    if (const auto d = distance(text, candidate); d < best_distance) {
      best = &candidate;
      best_distance = d;
    }
  if (!best) {
    const auto same_end = [end = last_part(text)](const std::string& x) { return last_part(x) == end; };
    const auto found = std::find_if(known.begin(), known.end(), same_end);
    best = found == known.end() ? nullptr : &*found;
  }
  return best ? *best : "";
}

} // namespace troupe::config
