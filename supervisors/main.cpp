// supervisors/main.cpp: the composition root: the command line, and what it starts.
#include "supervisors/ctl/ctl.hpp"
#include "supervisors/message_types.hpp"
#include "supervisors/node.hpp"
#include "supervisors/operator_key.hpp"
#include "supervisors/serve.hpp"
#include "supervisors/store_commands.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <iostream>
#include <stdexcept>

#include <unistd.h>

extern char** environ;

namespace {

using namespace troupe;

constexpr int wrong_use = 2; // as of a mistake in the configuration

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

void add_config_options(CLI::App& command, config::sources& from) {
  command.add_option("-c,--config", from.file, "YAML file with options (config/troupe.yaml shows all)");
  command.add_option("--set", from.settings, "An option, as in --set log.level=debug; may be repeated")
    ->allow_extra_args(false);
}

struct ctl_arguments {
  ctl::target where;
  std::string key_file;
  std::string color = "auto";
};

/// Where a node of this user listens and keeps its key, by the same configuration that `serve` reads. A key file that
/// was named must be there; without the node's own, everything that is open to everybody can be asked.
void complete(ctl_arguments& x, const config::options& values) {
  if (x.where.commerce_url.empty())
    x.where.commerce_url = config::url_of(values.commerce.address, values.commerce.port);
  if (x.where.operations_url.empty())
    x.where.operations_url = config::url_of(values.operations.address, values.operations.port);
  if (x.where.sandbox_url.empty())
    x.where.sandbox_url = config::url_of(values.sandbox.address, values.sandbox.port);
  if (!x.key_file.empty())
    x.where.operator_key = read_operator_key(x.key_file);
  else if (const auto own = values.node.state_directory + "/operator.key"; ::access(own.c_str(), R_OK) == 0)
    x.where.operator_key = read_operator_key(own);
  x.where.color = x.color == "always" || (x.color == "auto" && isatty(STDOUT_FILENO) != 0);
}

/// The exit status of what `act` makes of the configuration.
int with_configuration(const config::sources& from, const std::function<int(const config::options&)>& act) {
  const auto loaded = config::load(from);
  return complain(loaded) ? wrong_use : act(loaded.values);
}

/// CLI11 says of a command that does not exist only that one is required.
int refuse(CLI::App& app, const CLI::ParseError& e) {
  const auto rest = app.remaining(true);
  const bool names_no_command = dynamic_cast<const CLI::RequiredError*>(&e) != nullptr;
  if (!names_no_command || rest.empty())
    return app.exit(e) == 0 ? 0 : wrong_use;
  std::cerr << "troupe: there is no command \"" << rest.front() << "\"; `troupe --help` lists them\n";
  return wrong_use;
}

} // namespace

int main(int argc, char** argv) {
  register_message_types();
  CLI::App app{"troupe: takes an order once, and brings it to exactly one end"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "troupe " TROUPE_VERSION, "Print the version");
  int status = 0;
  config::sources from;
  from.environment = environment();
  from.problem_with_provider = problem_with_provider;
  from.problem_with_email_provider = problem_with_email_provider;
  from.problem_with_email = problem_with_email;
  from.problem_with_webhook = problem_with_webhook;

  auto* serve_command = app.add_subcommand("serve", "Run a node, by default with the sandbox providers inside");
  add_config_options(*serve_command, from);
  serve_command->callback([&] { status = serve(from); });

  std::string faults_file;
  auto* sandbox_command = app.add_subcommand("sandbox", "Run the sandbox providers alone");
  add_config_options(*sandbox_command, from);
  sandbox_command->add_option("--faults", faults_file, "JSON file of faults from the start");
  sandbox_command->callback([&] { status = run_sandbox(from, faults_file); });

  auto* store_command = app.add_subcommand("store", "Look after the store");
  store_command->require_subcommand(1);
  std::string store_file;
  auto* check_command = store_command->add_subcommand("check", "Check every event of a store; changes nothing");
  add_config_options(*check_command, from);
  check_command->add_option("file", store_file, "The store; by default the configured one");
  check_command->callback([&] {
    status = with_configuration(from, [&](const config::options& x) {
      auto which = to_store(x.store);
      if (!store_file.empty()) {
        which = {};
        which.file = store_file;
      }
      return check_store(which);
    });
  });
  auto* copy_command =
    store_command->add_subcommand("copy", "Copy the file of a stopped node into store.postgres.url, and compare");
  add_config_options(*copy_command, from);
  copy_command->add_option("file", store_file, "The file; by default store.path");
  copy_command->callback([&] {
    status = with_configuration(from, [&](const config::options& x) {
      auto store = x.store;
      store.kind = "postgres"; // whatever the node still runs on
      return copy_store_file(store_file.empty() ? x.store.path : store_file, to_store(store));
    });
  });

  std::string accept_reason;
  auto* accept_command =
    store_command->add_subcommand("accept", "Go on with a PostgreSQL server that may lack what was acknowledged");
  add_config_options(*accept_command, from);
  accept_command->add_option("--reason", accept_reason, "Why; it is kept")->required()->check([](const std::string& x) {
    return x.empty() ? std::string{"a reason is wanted"} : std::string{};
  });
  accept_command->callback([&] {
    status = with_configuration(
      from, [&](const config::options& x) { return accept_store(to_store(x.store), accept_reason); });
  });

  auto* migrate_command = app.add_subcommand("migrate", "Look after the schema of a PostgreSQL store");
  migrate_command->require_subcommand(1);
  const auto add_migrate = [&](const char* name, const char* what, int (*act)(const store_settings&)) {
    auto* command = migrate_command->add_subcommand(name, what);
    add_config_options(*command, from);
    command->callback([&, act] {
      status = with_configuration(from, [&](const config::options& x) { return act(to_store(x.store)); });
    });
  };
  add_migrate("status", "Say which versions are there; 1 when one is missing", print_migrations);
  add_migrate("up", "Apply what is missing", migrate_up);

  auto* config_command = app.add_subcommand("config", "Look after the configuration");
  config_command->require_subcommand(1);
  auto* config_check = config_command->add_subcommand("check", "Say every problem, or every option with its origin");
  add_config_options(*config_check, from);
  config_check->callback([&] {
    const auto result = config::check(from);
    (result.good ? std::cout : std::cerr) << result.text;
    status = result.good ? 0 : wrong_use;
  });
  config_command->add_subcommand("default", "Print the shipped profile with every option")->callback([] {
    std::cout << config::default_profile();
  });

  ctl_arguments ctl_target;
  std::string argument;
  std::string reason;
  auto* ctl_command = app.add_subcommand("ctl", "Ask a running node");
  ctl_command->require_subcommand(1);
  add_config_options(*ctl_command, from);
  ctl_command->add_option("--url", ctl_target.where.commerce_url, "The commerce gateway");
  ctl_command->add_option("--operations-url", ctl_target.where.operations_url, "The operations gateway");
  ctl_command->add_option("--sandbox-url", ctl_target.where.sandbox_url, "The sandbox");
  ctl_command->add_option("--key-file", ctl_target.key_file, "The operator key's file; by default the node's own")
    ->check(CLI::ExistingFile);
  ctl_command->add_flag("--json", ctl_target.where.json, "The API's answer as it is, for programs");
  ctl_command->add_option("--color", ctl_target.color, "auto, always or never")
    ->check(CLI::IsMember({"auto", "always", "never"}));
  const auto add_ctl = [&](const char* name, const char* what, auto run) {
    auto* command = ctl_command->add_subcommand(name, what)->fallthrough();
    command->callback([&, run] {
      status = with_configuration(from, [&](const config::options& x) {
        complete(ctl_target, x);
        return run();
      });
    });
    return command;
  };
  const auto add_order_ctl = [&](const char* name, const char* what, auto run) {
    auto* command = add_ctl(name, what, run);
    command->add_option("id", argument, "The order's id, as the answer to placing it says")->required();
    return command;
  };
  add_order_ctl("order", "An order's status, lines, amounts and timeline",
                [&] { return ctl::show_order(ctl_target.where, argument); });
  ctl::event_query log_query;
  bool follows = false;
  auto* events_ctl = add_ctl("events", "The journal's newest events, or with an id an order's public events", [&] {
    if (!argument.empty())
      return ctl::show_events(ctl_target.where, argument);
    return follows ? ctl::follow_event_log(ctl_target.where, log_query)
                   : ctl::show_event_log(ctl_target.where, log_query);
  });
  auto* order_id = events_ctl->add_option("id", argument, "The order's id, as the answer to placing it says");
  for (auto* option :
       {events_ctl->add_option("--context", log_query.context, "Events of this context, such as order"),
        events_ctl->add_option("--type", log_query.type, "Events of this type, such as order.placed"),
        events_ctl->add_option("--key", log_query.key, "Events of the entities with this id, such as an order's"),
        events_ctl->add_option("--limit", log_query.limit, "How many at most: 100 when left out, up to 1,000"),
        events_ctl->add_flag("--follow", follows, "Oldest first, and what comes from now on, until interrupted")})
    option->excludes(order_id);
  add_order_ctl("cancel", "Cancel an order", [&] {
    return ctl::cancel_order(ctl_target.where, argument, reason);
  })->add_option("--reason", reason, "Stands in the order's history");
  add_order_ctl("capture", "Capture an authorized order",
                [&] { return ctl::capture_order(ctl_target.where, argument); });
  add_ctl("stock", "A SKU's stock", [&] { return ctl::show_stock(ctl_target.where, argument); })
    ->add_option("sku", argument, "As in the catalog")
    ->required();
  add_ctl("health", "What the node depends on", [&] { return ctl::show_health(ctl_target.where); });
  bool watches = false;
  const auto shown = [&](auto show) { return [&, show] { return watches ? ctl::watch(show) : show(); }; };
  add_ctl("tree", "What the node consists of, and how each part fares",
          shown([&] { return ctl::show_tree(ctl_target.where); }))
    ->add_flag("--watch", watches, "Show it again each second");
  std::string named_policy;
  std::vector<std::string> rules;
  add_ctl("guards", "The guards in front of other services", shown([&] { return ctl::show_guards(ctl_target.where); }))
    ->add_flag("--watch", watches, "Show it again each second");
  std::string what_to_explain;
  auto* explain_ctl = add_ctl("explain", "What was tried and when, why it was repeated or refused, what is left", [&] {
    return what_to_explain == "order" ? ctl::explain_order(ctl_target.where, argument)
                                      : ctl::explain_guard(ctl_target.where, argument);
  });
  explain_ctl->add_option("what", what_to_explain, "order or guard")
    ->required()
    ->check(CLI::IsMember({"order", "guard"}));
  explain_ctl->add_option("id", argument, "The order's id, or the guard's name")->required();
  std::string breaker_mode;
  auto* breaker_ctl = add_ctl("breaker", "Hold a guard's circuit breaker, over restarts, or let it go",
                              [&] { return ctl::set_breaker(ctl_target.where, argument, breaker_mode, reason); });
  breaker_ctl->add_option("guard", argument, "As `troupe ctl guards` names it")->required();
  breaker_ctl
    ->add_option("mode", breaker_mode, "open: refuse every call; closed: let every call through; auto: by its rules")
    ->required()
    ->check(CLI::IsMember({"open", "closed", "auto"}));
  breaker_ctl->add_option("--reason", reason, "For the record and for other operators")->required();
  auto* policy_ctl = add_ctl("policy", "Put a guard under other rules, until the configuration is read again",
                             [&] { return ctl::set_policy(ctl_target.where, argument, named_policy, rules, reason); });
  policy_ctl->add_option("guard", argument, "As `troupe ctl guards` names it")->required();
  policy_ctl->add_option("--policy", named_policy, "A policy of the configuration; the present one when left out");
  policy_ctl->add_option("--rule", rules, "A rule to change, as in --rule retry.attempts=2; may be repeated")
    ->allow_extra_args(false);
  policy_ctl->add_option("--reason", reason, "For the record and for other operators")->required();
  auto* webhook_command = ctl_command->add_subcommand("webhook", "What tells operators")->fallthrough();
  webhook_command->require_subcommand(1);
  auto* webhook_test = webhook_command->add_subcommand("test", "Send it a test event, and say what came of it");
  webhook_test->fallthrough()->callback([&] {
    status = with_configuration(from, [&](const config::options& x) {
      complete(ctl_target, x);
      return ctl::test_webhook(ctl_target.where, reason);
    });
  });
  webhook_test->add_option("--reason", reason, "Goes to the receiver")->required();
  std::string group;
  unsigned rate = 10;
  bool dry = false;
  auto* letters_command = ctl_command->add_subcommand("dead-letters", "What was given up on")->fallthrough();
  letters_command->require_subcommand(1);
  const auto add_letters_ctl = [&](const char* name, const char* what, auto run) {
    auto* command = letters_command->add_subcommand(name, what)->fallthrough();
    command->callback([&, run] {
      status = with_configuration(from, [&](const config::options& x) {
        complete(ctl_target, x);
        return run();
      });
    });
    return command;
  };
  const auto wants_reason = [&](CLI::App* command) {
    command->add_option("--reason", reason, "Stands in the letter's history")->required();
    return command;
  };
  add_letters_ctl("list", "Groups of open letters, or the letters of one", [&] {
    return ctl::list_dead_letters(ctl_target.where, group);
  })->add_option("--group", group, "A group's name, or all");
  add_letters_ctl("show", "A letter and what was done about it",
                  [&] { return ctl::show_dead_letter(ctl_target.where, argument); })
    ->add_option("id", argument, "The letter")
    ->required();
  auto* replay_command =
    wants_reason(add_letters_ctl("replay", "Try a letter again, or with --group all letters of a group", [&] {
      if (dry)
        return group.empty() ? ctl::rehearse_dead_letter(ctl_target.where, argument, reason)
                             : ctl::rehearse_dead_letters(ctl_target.where, group, reason);
      return group.empty() ? ctl::replay_dead_letter(ctl_target.where, argument, reason)
                           : ctl::replay_dead_letters(ctl_target.where, group, reason, rate);
    }));
  auto* which = replay_command->add_option_group("which");
  which->add_option("id", argument, "The letter");
  which->add_option("--group", group, "A group's name, or all");
  which->require_option(1);
  replay_command->add_option("--rate", rate, "Letters of the group a second; 10 when left out");
  replay_command->add_flag(
    "--dry-run", dry,
    "Do nothing, and show what would be stored and who would be called; of a group, for its first "
    "hundred letters");
  wants_reason(add_letters_ctl("discard", "Let a letter go",
                               [&] { return ctl::discard_dead_letter(ctl_target.where, argument, reason); }))
    ->add_option("id", argument, "The letter")
    ->required();
  add_letters_ctl("job", "How far the replay of a group has come",
                  [&] { return ctl::show_replay_job(ctl_target.where, argument); })
    ->add_option("id", argument, "The job")
    ->required();
  bool every_shard = false;
  add_ctl("cluster", "The nodes of the cluster, what each owns and what is on its way", [&] {
    return ctl::show_cluster(ctl_target.where, every_shard);
  })->add_flag("--shards", every_shard, "Every shard, with its owner and epoch");
  auto* drain_command = add_ctl("drain", "Have a node hand over all its shards, before it is stopped",
                                [&] { return ctl::drain_node(ctl_target.where, argument, reason); });
  drain_command->add_option("node", argument, "Its name, as `ctl cluster` shows it")->required();
  drain_command->add_option("--reason", reason, "For the record and for other operators")->required();
  add_ctl("pauses", "What is paused, by whom and why", [&] { return ctl::show_pauses(ctl_target.where); });
  const auto add_pause_ctl = [&](const char* name, const char* what, auto run) {
    auto* command = add_ctl(name, what, run);
    command->add_option("what", argument, "provider/NAME, outlet/NAME, saga/order or order/ID")->required();
    command->add_option("--reason", reason, "For the record and for other operators")->required();
  };
  add_pause_ctl("pause", "Let a provider, an outlet, all orders or one order stand still; nothing of it times out",
                [&] { return ctl::begin_pause(ctl_target.where, argument, reason); });
  add_pause_ctl("resume", "Let what is paused go on",
                [&] { return ctl::end_pause(ctl_target.where, argument, reason); });
  add_ctl("outage", "Begin or end an outage of the sandbox's payment providers",
          [&] { return ctl::set_outage(ctl_target.where, argument == "begin"); })
    ->add_option("what", argument, "begin: every call answers 503; end: they work again")
    ->required()
    ->check(CLI::IsMember({"begin", "end"}));

  std::string template_name = "order_confirmation";
  bool only_html = false;
  bool only_text = false;
  auto* email_command = ctl_command->add_subcommand("email", "Look after mails")->fallthrough();
  email_command->require_subcommand(1);
  auto* preview_command =
    email_command->add_subcommand("preview", "Render a mail template with a sample; needs no node")->fallthrough();
  preview_command->add_option("template", template_name, "Its name; order_confirmation when none is given");
  auto* html_flag = preview_command->add_flag("--html", only_html, "The HTML part alone, as for a browser");
  preview_command->add_flag("--text", only_text, "The text part alone")->excludes(html_flag);
  preview_command->callback([&] {
    status = with_configuration(from, [&](const config::options& x) {
      return ctl::preview_mail(x.email.templates, template_name,
                               only_html   ? ctl::mail_part::html
                               : only_text ? ctl::mail_part::text
                                           : ctl::mail_part::all);
    });
  });

  app.add_subcommand("version", "Print the version")->callback([] { std::cout << "troupe " TROUPE_VERSION "\n"; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return refuse(app, e);
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what() << '\n';
    return 1;
  }
  return status;
}
