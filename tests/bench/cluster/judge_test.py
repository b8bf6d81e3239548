"""What bench/chaos makes of what it has recorded: a judge that overlooked something would make every scenario pass."""
import json
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bench"))
from cluster import judge  # noqa: E402


def attempt(number=0, due=10.0, ended=10.1, node=0, order="", state="", connected=True, why="", skus=("a",), again=False):
    return {"number": number, "node": node, "key": f"k-{number}", "skus": list(skus), "due": due, "began": due,
            "ended": ended, "connected": connected, "status": 201 if order else 0, "order": order, "state": state,
            "why": why, "again": again}


def confirmed(number, due, ended, skus=("a",), node=0):
    return attempt(number, due, ended, node, f"order-{number}", "confirmed", skus=skus)


def requests(*attempts):
    return judge.read_record([json.dumps(x) for x in attempts])


class Record(unittest.TestCase):
    def test_gathers_the_attempts_of_a_request(self):
        x, = requests(attempt(why="answered 503", again=True), attempt(ended=11, order="o", state="confirmed"))
        self.assertEqual(len(x.attempts), 2)
        self.assertEqual((x.order, x.confirmed, x.answered_at), ("o", True, 11))

    def test_leaves_out_a_line_that_is_cut_off(self):
        self.assertEqual(len(judge.read_record([json.dumps(attempt()), '{"number": 1, "no'])), 1)

    def test_counts_an_order_that_has_not_ended_as_acknowledged_and_not_as_confirmed(self):
        x, = requests(attempt(order="o"))
        self.assertEqual((x.order, x.confirmed), ("o", False))


class Shards(unittest.TestCase):
    def test_are_those_of_the_nodes(self):
        # FNV-1a's own test vectors, as in tests/actors/kernel/hash_test.cpp.
        for key, hashed in (("", 0xcbf29ce484222325), ("a", 0xaf63dc4c8601ec8c), ("foobar", 0x85944171f73967e8)):
            self.assertEqual(judge.shard_of(key), hashed % 1024)


class Failures(unittest.TestCase):
    def test_are_requests_that_were_never_acknowledged_or_too_late(self):
        found = judge.failed(requests(confirmed(1, 10, 11), confirmed(2, 10, 25), attempt(3)), within=10)
        self.assertEqual([x.number for x in found], [2, 3])

    def test_of_an_attempt_leave_out_what_nobody_was_asked(self):
        found = judge.broken(requests(attempt(1, connected=False, why="no connection"), attempt(2, why="answered 503"),
                                      confirmed(3, 10, 11)))
        self.assertEqual([x.number for x, _ in found], [2])

    def test_elsewhere_must_have_a_key_of_the_lost_node(self):
        def blamed(shards, **how):
            return judge.misplaced(requests(attempt(why="answered 503", **how)), {2}, shards, 0, 100)

        self.assertEqual(len(blamed(set())), 1)
        self.assertEqual(len(blamed({judge.shard_of("a")})), 0)
        self.assertEqual(len(blamed({judge.shard_of("anonymous placeOrder k-0")})), 0)
        self.assertEqual(len(blamed(set(), node=2)), 0)
        self.assertEqual(len(blamed(set(), ended=101)), 0)


class Gaps(unittest.TestCase):
    def test_are_the_longest_time_without_a_confirmed_order_for_a_sku(self):
        done = requests(confirmed(1, 1, 2, "ab"), confirmed(2, 3, 4, "a"), attempt(3, 5, 6, order="o", skus="b"),
                        confirmed(4, 8, 9, "ab"))
        self.assertEqual(judge.gaps(done, 0, 10), {"a": (5, 4), "b": (7, 2)})

    def test_reach_to_the_ends(self):
        self.assertEqual(judge.gaps(requests(confirmed(1, 1, 2)), 0, 10)["a"], (8, 2))
        self.assertEqual(judge.gaps(requests(confirmed(1, 1, 9)), 0, 10)["a"], (9, 0))

    def test_recovery_counts_orders_that_were_due_after_the_fault_for_the_slowest_sku(self):
        done = requests(confirmed(1, 9, 10.5, "ab"), confirmed(2, 10, 12, "a"), confirmed(3, 11, 14, "b"),
                        confirmed(4, 11, 15, "a"))
        self.assertEqual(judge.recovery(done, 10), 4)

    def test_a_sku_that_is_never_sold_again_is_no_recovery(self):
        self.assertIsNone(judge.recovery(requests(confirmed(1, 9, 10.5, "ab"), confirmed(2, 10, 12, "a")), 10))
        self.assertIsNone(judge.recovery([], 10))


def charge(captured=1000, refunded=0, times=1):
    return {"captured": captured, "refunded": refunded, "chargesCaptured": times}


class Audit(unittest.TestCase):
    """A day's work of two orders for "a", one of them rejected, and one order for "a" and "b"."""

    def setUp(self):
        self.orders = {"1": {"status": "confirmed", "skus": ["a"]}, "2": {"status": "confirmed", "skus": ["a", "b"]},
                       "3": {"status": "rejected", "skus": ["a"]}}
        self.books = {"1": [charge()], "2": [charge(2000)]}
        self.stock = {"a": {"available": 8, "held": 0, "sold": 2}, "b": {"available": 9, "held": 0, "sold": 1}}

    def problems(self):
        return judge.audit(self.orders, self.books, self.stock, 10, 1000)

    def assert_complains(self, *what):
        problems = self.problems()
        self.assertEqual(len(problems), len(what), problems)
        for problem, wanted in zip(problems, what):
            self.assertIn(wanted, problem)

    def test_finds_nothing_when_everything_is_right(self):
        self.assertEqual(self.problems(), [])

    def test_finds_an_acknowledged_order_that_is_gone(self):
        self.orders["3"]["status"] = None
        self.assert_complains("acknowledged orders are gone: 3")

    def test_finds_an_order_that_has_not_ended(self):
        self.orders["3"]["status"] = "processing"
        self.assert_complains("have not ended: 3")

    def test_finds_a_confirmed_order_without_its_money(self):
        del self.books["1"]
        self.assert_complains("were not paid: 1")

    def test_finds_one_that_was_paid_in_part(self):
        self.books["2"] = [charge(1000)]
        self.assert_complains("were not paid: 2")

    def test_finds_a_double_charge(self):
        self.books["1"] = [charge(), charge()]
        self.assert_complains("paid more than once: 1")

    def test_finds_a_charge_that_is_too_high(self):
        self.books["1"] = [charge(1001)]
        self.assert_complains("paid more than once: 1")

    def test_finds_a_double_charge_that_was_given_back(self):
        self.books["1"] = [charge(2000, 1000, times=2)]
        self.assert_complains("paid more than once: 1")

    def test_finds_money_for_an_order_that_did_not_come_about(self):
        self.books["3"] = [charge()]
        self.assert_complains("did not come about and were paid: 3")

    def test_takes_a_refund_for_what_it_is(self):
        self.books["3"] = [charge(1000, 1000)]
        self.assertEqual(self.problems(), [])

    def test_finds_a_charge_of_nobody(self):
        self.books["4"] = [charge()]
        self.assert_complains("belong to no order: 4")

    def test_finds_an_oversold_sku(self):
        for i in range(10):
            self.orders[f"more-{i}"] = {"status": "confirmed", "skus": ["a"]}
            self.books[f"more-{i}"] = [charge()]
        self.stock["a"] = {"available": 0, "held": 0, "sold": 12}
        self.assert_complains("oversold: a", "what was not sold: a")

    def test_finds_units_that_are_held_for_nobody(self):
        self.stock["b"]["held"] = 1
        self.assert_complains("held for nobody: b")

    def test_finds_units_that_have_vanished(self):
        self.stock["b"]["available"] = 8
        self.assert_complains("what was not sold: b")

    def test_finds_a_sale_that_no_order_knows_of(self):
        self.stock["b"] = {"available": 8, "held": 0, "sold": 2}
        self.assert_complains("what was not sold: b")


    def test_finds_a_sale_that_was_not_booked(self):
        self.stock["b"]["sold"] = 0
        self.assert_complains("what was not sold: b")


class Series(unittest.TestCase):
    def test_counts_by_the_second_in_which_it_ended(self):
        done = requests(confirmed(1, 10, 10.9), confirmed(2, 10, 11.1), attempt(3, 10, 11.5, why="answered 503"),
                        confirmed(4, 10, 99))
        self.assertEqual(judge.by_second(done, 10, 3), ([1, 1, 0], [0, 1, 0]))


if __name__ == "__main__":
    unittest.main()
