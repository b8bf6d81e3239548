"""What a recorded load, the provider's books and the stock say about a fault. Pure: everything is passed in.

A request is one order with one Idempotency-Key, asked of one node after the other until it is acknowledged. Its keys are
what has to be served for it: its SKUs, the key itself, and the order.
"""
import json

SHARDS = 1024


def shard_of(key):
    """FNV-1a of 64 bits, as the nodes have it."""
    value = 0xcbf29ce484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value % SHARDS


class Request:
    def __init__(self, first):
        self.number = first["number"]
        self.key = first["key"]
        self.skus = first["skus"]
        self.due = first["due"]
        self.attempts = []
        self.order = ""      # its id, once it was acknowledged
        self.confirmed = False
        self.answered_at = None

    def add(self, attempt):
        self.attempts.append(attempt)
        if attempt["order"] and not self.order:
            self.order = attempt["order"]
            self.answered_at = attempt["ended"]
            self.confirmed = attempt["state"] == "confirmed"

    def shards(self):
        found = {shard_of(sku) for sku in self.skus} | {shard_of("anonymous placeOrder " + self.key)}
        return found | ({shard_of(self.order)} if self.order else set())


def read_record(lines):
    """Requests by number, from the lines that `troupe-load --record` has written. The last one may be cut off."""
    requests = {}
    for line in lines:
        try:
            attempt = json.loads(line)
        except ValueError:
            continue
        requests.setdefault(attempt["number"], Request(attempt)).add(attempt)
    return [requests[number] for number in sorted(requests)]


def failed(requests, within):
    """Those that were never acknowledged, or later than so many seconds after they were due."""
    return [x for x in requests if x.answered_at is None or x.answered_at - x.due > within]


def broken(requests):
    """Attempts that a node had to answer and did not answer well, each with its request. What found no connection was
    asked of nobody."""
    return [(x, a) for x in requests for a in x.attempts if not a["order"] and a["connected"]]


def gaps(requests, begin, end):
    """By SKU, the longest time between `begin` and `end` in which no order for it was confirmed, and when that began."""
    times = {}
    for x in requests:
        for sku in x.skus:
            times.setdefault(sku, [])
            if x.confirmed and begin <= x.answered_at <= end:
                times[sku].append(x.answered_at)
    longest = {}
    for sku, answered in times.items():
        marks = [begin] + sorted(answered) + [end]
        longest[sku] = max((b - a, a) for a, b in zip(marks, marks[1:]))
    return longest


def recovery(requests, fault):
    """Seconds from `fault` until an order that was due later was confirmed for every SKU; None when one never was."""
    first = {}
    for x in requests:
        for sku in x.skus:
            first.setdefault(sku, None)
            if x.due >= fault and x.confirmed:
                first[sku] = min(first[sku] or x.answered_at, x.answered_at)
    if not first or None in first.values():
        return None
    return max(first.values()) - fault


def misplaced(requests, lost_nodes, lost_shards, begin, end):
    """Attempts at other nodes than the lost ones that broke although no key of theirs was the lost ones'."""
    return [(x, a) for x, a in broken(requests)
            if a["node"] not in lost_nodes and begin <= a["ended"] <= end and not x.shards() & lost_shards]


def audit(orders, books, stock, stocked, price):
    """What is wrong with the outcome. `orders`: by id, its `status` and `skus`, of every order that was acknowledged or
    that the provider knows of (`status` None: the nodes do not know it); `books`: the provider's charges by order;
    `stock`: by SKU `available`, `held` and `sold`; `stocked`: units of each SKU; `price`: of a line."""
    problems = []

    def complain(what, which):
        if which:
            problems.append(f"{len(which)} {what}: {', '.join(sorted(which)[:3])}")

    def money(order):
        return sum(x["captured"] - x["refunded"] for x in books.get(order, []))

    confirmed = {order for order, x in orders.items() if x["status"] == "confirmed"}
    complain("acknowledged orders are gone", [order for order, x in orders.items() if x["status"] is None])
    complain("orders have not ended", [order for order, x in orders.items() if x["status"] == "processing"])
    complain("confirmed orders were not paid", [x for x in confirmed if money(x) < price * len(orders[x]["skus"])])
    complain("orders were paid more than once",
             [order for order, x in orders.items() if money(order) > price * len(x["skus"])
              or sum(charge["chargesCaptured"] for charge in books.get(order, [])) > 1])
    complain("orders did not come about and were paid", [x for x in orders if x not in confirmed and money(x) > 0])
    complain("charges belong to no order", [x for x in books if x not in orders])
    sold = dict.fromkeys(stock, 0)
    for order in confirmed:
        for sku in orders[order]["skus"]:
            sold[sku] += 1
    complain("SKUs were oversold", [x for x in stock if sold[x] > stocked])
    complain("SKUs have units that are held for nobody", [x for x in stock if stock[x]["held"]])
    complain("SKUs do not have what was not sold",
             [f"{x} ({stock[x]['available']} left, {stock[x]['sold']} sold, {sold[x]} by orders)" for x in stock
              if stock[x]["sold"] != sold[x] or stock[x]["available"] != stocked - sold[x]])
    return problems


def by_second(requests, begin, seconds):
    """For each second since `begin`: orders confirmed and attempts broken."""
    confirmed, bad = [0] * seconds, [0] * seconds
    for x in requests:
        at = int(x.answered_at - begin) if x.confirmed else -1
        if 0 <= at < seconds:
            confirmed[at] += 1
    for _, attempt in broken(requests):
        at = int(attempt["ended"] - begin)
        if 0 <= at < seconds:
            bad[at] += 1
    return confirmed, bad


def reasons(attempts):
    count = {}
    for _, x in attempts:
        count[x["why"]] = count.get(x["why"], 0) + 1
    return count
