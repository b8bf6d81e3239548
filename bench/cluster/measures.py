"""What PostgreSQL and several nodes cost, as measures of bench/run."""
import glob
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import time

from cluster import nodes

# The least that an order of a shop needs that is durable and sold once: the order, two lines of stock, a payment that is
# asked for and an event for whoever listens, in one function and one round trip. Stock is taken in the order of SKUs,
# so that no two orders wait for each other.
LEAST_ORDER = """
CREATE TABLE least_stock (sku int PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0));
CREATE TABLE least_order (id bigserial PRIMARY KEY, customer text, lines jsonb, total bigint, placed timestamptz DEFAULT now());
CREATE TABLE least_payment (order_id bigint PRIMARY KEY, amount bigint, state text);
CREATE TABLE least_outbox (id bigserial PRIMARY KEY, kind text, body jsonb);
INSERT INTO least_stock SELECT x, 1000000000 FROM generate_series(1, 1000) AS x;
CREATE FUNCTION place_least(a int, b int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE made bigint;
BEGIN
  UPDATE least_stock SET available = available - 1 WHERE sku = least(a, b);
  UPDATE least_stock SET available = available - 1 WHERE sku = greatest(a, b);
  INSERT INTO least_order (customer, lines, total) VALUES ('c', jsonb_build_array(a, b), 2000) RETURNING id INTO made;
  INSERT INTO least_payment VALUES (made, 2000, 'asked');
  INSERT INTO least_outbox (kind, body) VALUES ('order.placed', jsonb_build_object('id', made));
  RETURN made;
END $$;
"""
SHARDS = 1024
LEAST_SCRIPT = "\\set a random(1, 500)\n\\set b random(501, 1000)\nSELECT place_least(:a, :b);\n"


class Server:
    """A PostgreSQL of its own, as script/postgres runs it, with settings as they are shipped."""

    def __init__(self, bench, folder, *settings):
        os.makedirs(folder)
        os.chmod(folder, 0o711)
        self.bench = bench
        self.folder = folder
        self.process = bench.Process([os.path.join(bench.ROOT, "script", "postgres"), folder, *settings],
                                     folder + ".txt")
        self.process.wait_for("database system is ready to accept connections")
        with open(folder + "/url") as file:
            self.url = file.read().strip()

    def binary(self, name):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/" + name))
        if not found:
            raise self.bench.NotMeasured(name + " is not installed (script/bootstrap --postgres installs it)")
        return found[-1]

    def run(self, sql):
        subprocess.run([self.binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url], input=sql, text=True,
                       check=True, capture_output=True)

    def cpu(self):
        """Seconds of processor time of all its processes, those that have ended among them."""
        total = 0
        for path in ["/proc/%d" % self.process.pid, *self.children()]:
            try:
                with open(path + "/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(map(int, fields[11:15 if path.endswith("/%d" % self.process.pid) else 13]))
        return total / self.bench.TICKS

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return ["/proc/" + x for x in file.read().split()]

    def least_orders(self, seconds, clients=16):
        """Orders a second by pgbench."""
        script = self.folder + ".sql"
        with open(script, "w") as file:
            file.write(LEAST_SCRIPT)
        out = self.bench.output_of([self.binary("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T",
                                    str(seconds), "-f", script, self.url])
        return float(re.search(r"tps = ([\d.]+)", out)[1])

    def stop(self):
        self.process.stop()


def on_postgres(server):
    return {"store.kind": "postgres", "store.postgres.url": server.url}


def member(folder, certificates, server, name, roles="gateway,worker", **options):
    certificate, key = certificates.make(name)
    return {**on_postgres(server), "node.name": name, "cluster.enabled": "true", "cluster.address": "127.0.0.1",
            "cluster.port": 0, "cluster.roles": roles, "cluster.tls.certificate": certificate, "cluster.tls.key": key,
            "cluster.tls.ca": certificates.ca, **options}


def wait_until(bench, what, seconds, look):
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise bench.Failed(f"{what}: not after {seconds} s")
        time.sleep(0.05)


def state_of(node, path="/api/cluster", method="GET", body=None):
    with open(node.key_file) as file:
        key = file.read().strip()
    connection = http.client.HTTPConnection("127.0.0.1", node.operations_port, timeout=30)
    try:
        connection.request(method, path, json.dumps(body) if body else None,
                           {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
        response = connection.getresponse()
        return json.loads(response.read()) if response.status == 200 else {}
    except OSError:
        return {}
    finally:
        connection.close()


def is_whole(node, count):
    """Whether this node reaches all others, and every shard has its owner and stays there."""
    seen = state_of(node).get("nodes", [])
    workers = [x for x in seen if "worker" in x["roles"]]
    return (len(seen) == count and all(x["reachable"] or x["name"] == state_of(node)["self"] for x in seen)
            and sum(x["shards"] for x in workers) == SHARDS and not any(x["arriving"] for x in workers)
            and max(x["shards"] for x in workers) - min(x["shards"] for x in workers) <= 1)


def bytes_between(nodes_seen):
    """Bytes that the nodes have sent each other so far, as the kernel counts them for the sockets that are open now."""
    ports = {x["address"].rpartition(":")[2] for x in nodes_seen}
    lines = subprocess.run(["ss", "-tinHO"], check=True, capture_output=True, text=True).stdout.splitlines()
    total = 0
    for line in lines:
        ends = [x.rpartition(":")[2] for x in line.split()[3:5]]
        sent = re.search(r"bytes_sent:(\d+)", line)
        if sent and ports.intersection(ends):
            total += int(sent[1])
    return total


def of(bench):
    """The measures by name; `bench` is the module of bench/run."""
    say, row = bench.say, bench.row

    def measure_postgres(run):
        """Order sagas and journal events a second on PostgreSQL, beside the least durable order"""
        server = Server(bench, run.new_folder("postgres"))
        server.run(LEAST_ORDER)
        node = run.node("on-postgres", options=on_postgres(server))
        say("postgres: warming up")
        node.put_on_sale(run.seconds(5, 1))
        server.least_orders(run.seconds(3, 1))
        seconds, rounds = run.seconds(10, 2), run.seconds(3, 1)
        found, least, cpus = [], [], []
        for number in range(rounds):
            say(f"postgres: round {number + 1} of {rounds}, 64 in flight")
            parts = (node.process, server, node.sandbox)
            before = [x.cpu() for x in parts]
            done = bench.all_right(node.load("orders", "--duration", f"{seconds}s", "--seed", number + 2))
            cpus.append([(x.cpu() - y) / done["right"] * 1000 for x, y in zip(parts, before)])
            found.append(done)
            say(f"postgres: round {number + 1} of {rounds}, the least order")
            least.append(server.least_orders(seconds))
        one = bench.all_right(node.load("orders", "--in-flight", 1, "--duration", f"{run.seconds(5, 2)}s", "--seed", 99))
        node.stop()
        say("postgres: journal, 64 producers")
        folder = run.new_folder("journal-on-postgres")
        os.makedirs(folder)
        server.run("CREATE DATABASE journal")
        journal = json.loads(bench.output_of([run.program("bench-journal"), folder, "64", "300",
                                              str(run.seconds(8, 2)), server.url.replace("/troupe?", "/journal?")]))
        server.stop()
        rate, reference = (statistics.median(x) for x in ([x["throughput"] for x in found], least))
        own, database, sandbox = (statistics.median(x[i] for x in cpus) for i in range(3))
        middle = sorted(found, key=lambda x: x["throughput"])[len(found) // 2]
        x = journal["entities"]
        return [row("Order sagas a second on PostgreSQL, 64 in flight", rate, "/s", 2500, 4500, True,
                    f"the least durable order by pgbench, 16 connections: {reference:,.0f}/s",
                    f"the server on the same processors; CPU an order: troupe {own:.3f} ms, PostgreSQL {database:.3f} ms, "
                    f"sandbox {sandbox:.3f} ms; p50 {middle['latencyMs']['p50']:.1f} ms, "
                    f"p99 {middle['latencyMs']['p99']:.1f} ms"),
                row("p50 at 1 in flight on PostgreSQL", one["latencyMs"]["p50"], "ms", None, None, False,
                    "", f"p99 {one['latencyMs']['p99']:.1f} ms"),
                row("Journal events a second on PostgreSQL, 64 producers, 300 bytes", x["perSecond"], "/s", 60e3, None, True,
                    f"append and fdatasync: {journal['appendAndSyncPerSecond']:,.0f}/s",
                    f"each producer waits for its acknowledgement, p50 {x['p50Microseconds']:.0f} us; "
                    f"{x['eventsPerCommit']:.0f} events a commit; {x['cpuMicrosecondsPerEvent']:.1f} us of CPU each")]

    def measure_remote(run):
        """CPU of an order through a node that owns nothing, against one that owns all"""
        server = Server(bench, run.new_folder("remote-postgres"))
        certificates = nodes.Certificates(run.new_folder("remote-certificates"))
        worker = run.node("remote-worker", options=member(run.folder, certificates, server, "worker"))
        door = run.node("remote-door", options=member(run.folder, certificates, server, "door", roles="gateway"))
        wait_until(bench, "the nodes have not found each other", 30, lambda: is_whole(door, 2))
        say("remote: warming up")
        worker.put_on_sale(run.seconds(5, 1))
        # The gateway's own provider is never asked: who owns an order calls its provider.
        bench.all_right(door.load("orders", "--duration", f"{run.seconds(3, 1)}s", "--skus", 1000, "--seed", 50))
        seconds, rounds = run.seconds(10, 2), run.seconds(5, 1)
        each = {"local": [], "remote": []}
        rates = {"local": [], "remote": []}
        for number in range(rounds):
            for name, at in (("local", worker), ("remote", door)):
                say(f"remote: round {number + 1} of {rounds}, {name}")
                before = worker.process.cpu() + door.process.cpu()
                done = bench.all_right(at.load("orders", "--duration", f"{seconds}s", "--seed", number + 2))
                each[name].append((worker.process.cpu() + door.process.cpu() - before) / done["right"] * 1000)
                rates[name].append(done["throughput"])
        door.stop()
        worker.stop()
        server.stop()
        ratio = statistics.median(r / l for r, l in zip(each["remote"], each["local"]))
        local, remote = (statistics.median(each[x]) for x in ("local", "remote"))
        return [row("CPU per order through a node that owns nothing, against local", ratio, "x", 1.3, None, False,
                    f"local {local:.3f} ms an order, both nodes together",
                    f"every command remote over mutual TLS: {remote:.3f} ms; "
                    f"{statistics.median(rates['remote']):,.0f} orders a second, local "
                    f"{statistics.median(rates['local']):,.0f}; {rounds} rounds each, median of the ratios")]

    def measure_scale(run):
        """What an order costs on one, three and six nodes, and what it costs to move a node's shards"""
        if not shutil.which("valgrind"):
            raise bench.NotMeasured("valgrind is not installed (script/bootstrap --full installs it)")
        rows = []
        orders = run.seconds(600, 60)
        first = None
        for count in run.seconds((1, 3, 6), (1, 3)):
            server = Server(bench, run.new_folder("scale-postgres"), "max_connections=300")
            certificates = nodes.Certificates(run.new_folder("scale-certificates"))
            members, folder = [], run.new_folder("scale")
            os.makedirs(folder)
            for number in range(1, count + 1):
                say(f"scale: {count} nodes, starting number {number} under callgrind")
                # Twenty times slower, and their leases with them.
                with_options = member(folder, certificates, server, f"node-{number}",
                                      **{"node.threads": 1, "cluster.lease": "120s", "cluster.renewal": "10s",
                                         "cluster.moves_at_once": SHARDS})
                members.append(run.node(f"scale-{number}", options=with_options, ready_seconds=400,
                                        wrap=("valgrind", "--tool=callgrind", "--callgrind-out-file="
                                              f"{folder}/out-{number}")))
            wait_until(bench, "the nodes have not shared the shards", 900, lambda: is_whole(members[0], count))
            others = [y for x in members[1:] for y in ("--url", x.url)]
            members[0].load("orders", *others, "--operator-key-file", members[0].key_file, "--skus", 20, "--requests", 100,
                            "--in-flight", 8, "--timeout", "60s", "--wait", 60)
            seen = state_of(members[0])["nodes"]
            for x in members:
                bench.output_of(["callgrind_control", "-z", str(x.process.pid)])
            wire = bytes_between(seen)
            say(f"scale: {count} nodes, {orders} orders under callgrind")
            bench.all_right(members[0].load("orders", *others, "--skus", 20, "--requests", orders, "--in-flight", 8, "--seed",
                                            2, "--timeout", "60s", "--wait", 60))
            wire = (bytes_between(seen) - wire) / orders
            total = 0
            for number, x in enumerate(members, 1):
                bench.output_of(["callgrind_control", "-d", str(x.process.pid)])
                newest = max((y for y in os.listdir(folder) if y.startswith(f"out-{number}.")),
                             key=lambda y: int(y.rpartition(".")[2]))
                with open(os.path.join(folder, newest)) as file:
                    total += int(re.search(r"^(?:totals|summary): (\d+)", file.read(), re.M)[1])
            each = total / orders / 1000
            first = first or each
            for x in members:
                x.process.process.kill()
                x.stop()
            server.stop()
            rows.append(row(f"Instructions an order, {count} node{'s' if count > 1 else ''}", each, "thousand", None, None,
                            False, f"{each / first:.2f} times one node",
                            f"all nodes together, their heartbeats with them; {wire / 1000:.1f} kB an order between them"))
        server = Server(bench, run.new_folder("move-postgres"), "max_connections=300")
        certificates = nodes.Certificates(run.new_folder("move-certificates"))
        members = [run.node(f"move-{x}", options=member(run.folder, certificates, server, f"node-{x}")) for x in (1, 2, 3)]
        wait_until(bench, "the nodes have not shared the shards", 60, lambda: is_whole(members[0], 3))
        members[0].put_on_sale(run.seconds(5, 1))
        seen = state_of(members[0])["nodes"]
        moved = next(x["shards"] for x in seen if x["name"] == "node-3")
        before = sum(x.process.cpu() for x in members[:2])
        say("scale: moving all shards of a node")
        began = time.monotonic()
        members[2].process.process.terminate()
        wait_until(bench, "the shards have not moved", 60,
                   lambda: sum(x["shards"] for x in state_of(members[0])["nodes"] if x["name"] != "node-3") == SHARDS)
        took = time.monotonic() - began
        used = sum(x.process.cpu() for x in members[:2]) - before
        rows.append(row("Moving all shards of one node of three, nothing else going on", took, "s", None, None, False,
                        f"{moved} shards, 32 at once",
                        f"{took / moved * 1000:.1f} ms a shard; {used / moved * 1000:.2f} ms of CPU a shard at those who take them"))
        for x in members:
            x.stop()
        server.stop()
        return rows

    return {"postgres": measure_postgres, "remote": measure_remote, "scale": measure_scale}
