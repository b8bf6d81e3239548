"""Nodes with their store and their sandbox, each on a machine of its own, over mutual TLS."""
import glob
import json
import os
import shutil
import signal
import subprocess
import time

from cluster.network import PREFIX

COMMERCE, OPERATIONS, MESH, SANDBOX, DATABASE = 9001, 7777, 9100, 7778, 5432
FIRST_NODE = 11  # the last part of its address


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Certificates:
    """A CA that signs nothing else, and a certificate for each node."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = folder + "/ca.pem"
        os.makedirs(folder, mode=0o700)
        openssl("req", "-x509", "-days", "2", "-subj", "/CN=ca of the nodes", "-keyout", folder + "/ca.key", "-out", self.ca,
                "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

    def make(self, name):
        """Paths of the certificate and of its key."""
        base = f"{self.folder}/{name}"
        if not os.path.exists(base + ".pem"):
            openssl("req", "-subj", "/CN=" + name, "-keyout", base + ".key", "-out", base + ".csr", "-newkey", "ec",
                    "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
            openssl("x509", "-req", "-days", "2", "-in", base + ".csr", "-CA", self.ca, "-CAkey", self.folder + "/ca.key",
                    "-CAcreateserial", "-out", base + ".pem")
        return base + ".pem", base + ".key"


class Store:
    """The server that script/postgres runs, at an address of its own."""

    def __init__(self, bench, machine, folder):
        self.bench = bench
        self.machine = machine
        self.folder = folder
        self.process = None
        self.started = 0
        os.makedirs(folder)
        os.chmod(folder, 0o711)
        self.start()
        # It was made to be reached from its own machine.
        with open(folder + "/data/pg_hba.conf", "a") as file:
            file.write(f"host all all {PREFIX}0/24 scram-sha-256\n")
        self.process.process.send_signal(signal.SIGHUP)
        with open(folder + "/pgpass") as file:
            password = file.read().strip().rpartition(":")[2]
        self.passfile = folder + "/pgpass-of-nodes"
        with open(os.open(self.passfile, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{machine.address}:*:*:troupe:{password}\n")

    @property
    def url(self):
        return f"postgresql://troupe@{self.machine.address}:{DATABASE}/troupe?passfile={self.passfile}"

    def start(self):
        self.started += 1
        self.process = self.bench.Process(
            [os.path.join(self.bench.ROOT, "script", "postgres"), self.folder, f"port={DATABASE}",
             f"listen_addresses={self.machine.address},127.0.0.1"], f"{self.folder}/log-{self.started}.txt",
            self.machine.enter)
        self.process.wait_for("ready to accept connections")

    def end(self, how):
        """SIGINT ends connections and the server; SIGQUIT is a crash, which it recovers from at its next start."""
        self.process.process.send_signal(how)
        self.process.process.wait(30)
        self.bench.running.remove(self.process)


class Node:
    def __init__(self, cluster, name, number):
        self.cluster = cluster
        self.name = name
        self.machine = cluster.network.add(name, FIRST_NODE + number)
        self.address = self.machine.address
        self.folder = f"{cluster.folder}/{name}"
        self.url = f"http://{self.address}:{COMMERCE}"
        self.process = None
        self.starts = 0
        os.makedirs(self.folder)
        certificate, key = cluster.certificates.make(name)
        with open(self.folder + "/node.yaml", "w") as file:
            file.write("payment:\n  default: rest\n  providers:\n    rest:\n      kind: rest\n"
                       f"      base_url: http://{cluster.sandbox_address}:{SANDBOX}/rest\n      token: sandbox\n")
        settings = {"node.name": name, "node.state_directory": self.folder + "/state", "commerce.address": self.address,
                    "commerce.port": COMMERCE, "operations.address": self.address, "operations.port": OPERATIONS,
                    "sandbox.enabled": "false", "demo.catalog": "false", "email.enabled": "false",
                    "store.kind": "postgres", "store.postgres.url": cluster.store.url, "cluster.enabled": "true",
                    "cluster.address": self.address, "cluster.port": MESH, "cluster.tls.certificate": certificate,
                    "cluster.tls.key": key, "cluster.tls.ca": cluster.certificates.ca, **cluster.options}
        self.command = [cluster.program("troupe"), "serve", "--config", self.folder + "/node.yaml"]
        for option, value in settings.items():
            self.command += ["--set", f"{option}={value}"]

    def launch(self):
        self.starts += 1
        self.process = self.cluster.bench.Process(self.command, f"{self.folder}/log-{self.starts}.txt",
                                                  self.machine.enter)

    def start(self):
        """Up to when it answers for the whole cluster."""
        self.launch()
        self.key_file = self.process.wait_for(r"operator key +(\S+)")[1]
        self.wait_until_ready()

    def wait_until_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.ask("GET", "/health/ready", seconds=2)[0] == 200:
                return
            time.sleep(0.02)
        raise self.cluster.bench.Failed(f"{self.name} did not become ready: {self.ask('GET', '/health/ready')[1]}")

    def ask(self, method, path, body=None, port=OPERATIONS, seconds=30):
        """With the rights of an operator."""
        return self.cluster.drills.ask(port, method, path, body, self.key(), self.address, seconds)

    def key(self):
        with open(self.key_file) as file:
            return file.read().strip()

    def signal(self, which):
        self.process.process.send_signal(which)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.process.wait()
        self.cluster.bench.running.remove(self.process)

    def stop(self, seconds=60):
        """As an operator does it: SIGTERM, and the node hands its shards over."""
        if not self.process.stop(seconds):
            raise self.cluster.bench.Failed(f"{self.name} did not end within {seconds} s of SIGTERM")


class Cluster:
    """Three nodes that are up and own equal shares."""

    def __init__(self, bench, drills, network, build, folder, options=()):
        self.bench = bench
        self.drills = drills
        self.network = network
        self.build = build
        self.folder = folder
        self.options = dict(options)
        self.certificates = Certificates(folder + "/tls")
        self.store = Store(bench, network.add("store", 2), folder + "/store")
        self.clients = network.add("clients", 4)
        sandbox = network.add("sandbox", 3)
        self.sandbox_address = sandbox.address
        self.sandbox = bench.Process([self.program("troupe"), "sandbox", "--set",
                                      f"node.state_directory={folder}/sandbox", "--set", f"sandbox.port={SANDBOX}",
                                      "--set", f"sandbox.address={sandbox.address}", "--set", "sandbox.smtp_port=0",
                                      "--set", "log.level=error"], folder + "/sandbox.txt", sandbox.enter)
        self.sandbox.wait_for(r"sandbox at http://")
        self.nodes = {}
        for number in range(3):
            self.add_node(f"node-{number + 1}", number).start()
        self.wait_until_whole()

    def program(self, name):
        return self.bench.Run(self.build, self.folder, False).program(name)

    def add_node(self, name, number):
        self.nodes[name] = Node(self, name, number)
        return self.nodes[name]

    def remove_node(self, name):
        self.nodes.pop(name).stop()

    def books(self):
        return self.drills.books_of(SANDBOX, self.sandbox_address)

    def owners(self, at):
        """The owner of each shard, as the node called `at` sees it."""
        answer = self.drills.must(self.nodes[at].ask("GET", "/api/cluster/shards"), 200)
        return [x["owner"] for x in answer["shards"]]

    def planner(self):
        return self.drills.must(next(iter(self.nodes.values())).ask("GET", "/api/cluster"), 200)["planner"]

    def wait_until_whole(self, seconds=90):
        """Every node sees every node, every shard has an owner, and none is on its way."""
        deadline = time.monotonic() + seconds
        why = ""
        while time.monotonic() < deadline:
            why = self.what_is_missing()
            if not why:
                return
            time.sleep(0.2)
        raise self.bench.Failed("the cluster did not become whole: " + why)

    def what_is_missing(self):
        for name, node in self.nodes.items():
            status, seen = node.ask("GET", "/api/cluster", seconds=3)
            if status != 200:
                return f"{name} answers {status} {seen}"
            live = {x["name"] for x in seen["nodes"] if x["live"] and x["reachable"]}
            if live != set(self.nodes):
                return f"{name} reaches {sorted(live)}"
            if seen["unownedShards"] or seen["movingShards"] or seen["leavingShards"]:
                return f"{name} sees {seen['unownedShards']} shards without owner, {seen['movingShards']} moving"
            shares = [x["shards"] for x in seen["nodes"] if x["name"] in live]
            if max(shares) - min(shares) > 1:
                return f"{name} sees shares of {shares}"
            if node.ask("GET", "/health/ready", seconds=3)[0] != 200:
                return f"{name} is not ready"
        return ""

    def keep(self, into, results):
        """What shows afterwards why something went wrong."""
        os.makedirs(into, exist_ok=True)
        for node in self.nodes.values():
            for number in range(1, node.starts + 1):
                shutil.copy(f"{node.folder}/log-{number}.txt", f"{into}/{node.name}-{number}.txt")
        for record in glob.glob(self.folder + "/*.jsonl"):
            shutil.copy(record, into)
        with open(into + "/results.json", "w") as file:
            json.dump(results, file, indent=1)
