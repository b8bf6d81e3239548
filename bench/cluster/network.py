"""A network of its own: machines with addresses, on one wire that can be cut in either direction.

Everything is in network namespaces without names. They are held by processes of ours and by nothing else, so that the
kernel takes them away when this program ends, however it ends. No address of them can be reached from outside, and they
reach nothing outside.
"""
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
PREFIX = "10.77.0."

libc = ctypes.CDLL(None, use_errno=True)


class NotPossible(Exception):
    """No network can be made here; the text says what is missing."""


def checked(result, what):
    if result != 0:
        raise NotPossible(f"{what}: {os.strerror(ctypes.get_errno())}")


def run(*command, text=None):
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True)
    except FileNotFoundError:
        raise NotPossible(f"{command[0]} is not installed; script/bootstrap --test does it") from None
    if done.returncode != 0:
        raise NotPossible(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


class Machine:
    """Processes that are started with `enter` have its address, and no other."""

    def __init__(self, name, number, holder):
        self.name = name
        self.address = PREFIX + str(number)
        self.holder = holder
        self.namespace = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def enter(self):
        checked(libc.setns(self.namespace, CLONE_NEWNET), "setns")

    def run(self, *command):
        run("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *command)


class Network:
    """This process sits at the wire itself: it reaches every machine, and no cut concerns it. Call it before any thread
    is started."""

    def __init__(self, start):
        """`start(command, prepare)` runs a process that ends with this one and has a `pid`."""
        if os.geteuid() != 0:
            raise NotPossible("network namespaces need root")
        checked(libc.unshare(CLONE_NEWNET), "unshare")
        self.start = start
        self.machines = {}
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "wire", "type", "bridge")
        run("ip", "address", "add", PREFIX + "1/24", "dev", "wire")
        run("ip", "link", "set", "wire", "up")
        run("nft", "add", "table", "netdev", "cuts")

    def add(self, name, number):
        holder = self.start(["sleep", "infinity"], lambda: checked(libc.unshare(CLONE_NEWNET), "unshare"))
        machine = Machine(name, number, holder)
        cable = "to-" + name
        run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        run("ip", "link", "set", cable, "master", "wire", "up")
        machine.run("ip", "link", "set", "lo", "up")
        machine.run("ip", "address", "add", machine.address + "/24", "dev", "eth0")
        machine.run("ip", "link", "set", "eth0", "up")
        # What comes from the machine passes here; nobody is told that it was dropped.
        run("nft", "-f", "-", text=f"table netdev cuts {{\n chain {cable} {{\n  type filter hook ingress device {cable} "
            "priority 0;\n }\n}\n")
        self.machines[name] = machine
        return machine

    def cut(self, senders, receivers):
        """Nothing that one of `senders` sends to one of `receivers` arrives; the other direction stays."""
        for sender in senders:
            for receiver in receivers:
                if sender != receiver:
                    run("nft", "add", "rule", "netdev", "cuts", "to-" + sender, "ip", "daddr",
                        self.machines[receiver].address, "drop")

    def heal(self):
        for name in self.machines:
            run("nft", "flush", "chain", "netdev", "cuts", "to-" + name)
