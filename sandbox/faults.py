"""Faults on script.

A script is {"rules": [...]}. A rule waits for a call of `rpc` (any, if not given) whose statement contains `statement` (any, if
not given), lets `skip` of them pass (0) and then acts on `times` of them (1). What it does is its `action`:

    status        answers with HTTP `status`, `headers` and `body`; nothing is executed
    cold_start    503 with Retry-After for `seconds` from the first such call; nothing is executed; times does not count
    reset_before  resets the connection, nothing is executed
    reset_after   executes, then resets the connection
    delay         waits `seconds`, then executes
    cut           executes, then sends `bytes` of the answer (half, if not given) and closes
    garbage       executes nothing and answers 200 with `body` (a page of HTML, if not given)
    lost_session  forgets the call's session first
    evicted       forgets the call's operation and answers 404
    run           keeps the statement running for `seconds` before it starts (ExecuteStatement only)
"""

import threading
import time

ACTIONS = {"status": {"status", "headers", "body"}, "cold_start": {"seconds", "retry_after"}, "reset_before": set(),
           "reset_after": set(), "delay": {"seconds"}, "cut": {"bytes"}, "garbage": {"body"}, "lost_session": set(),
           "evicted": set(), "run": {"seconds"}}
COMMON = {"rpc", "statement", "skip", "times", "action"}


class Rule:
    def __init__(self, given):
        if not isinstance(given, dict):
            raise ValueError("a rule is an object")
        self.action = given.get("action")
        unknown = set(given) - COMMON - ACTIONS.get(self.action, set())
        if self.action not in ACTIONS or unknown:
            raise ValueError(f"action {self.action!r}: unknown" if self.action not in ACTIONS else
                             f"action {self.action!r} does not take {sorted(unknown)}")
        if self.action == "status" and not isinstance(given.get("status"), int):
            raise ValueError("action 'status' needs a number in 'status'")
        if self.action in ("cold_start", "delay", "run") and not isinstance(given.get("seconds"), (int, float)):
            raise ValueError(f"action {self.action!r} needs a number in 'seconds'")
        self.given, self.skip, self.times = given, given.get("skip", 0), given.get("times", 1)
        self.since = None

    def takes(self, rpc, statement):
        """Whether the rule acts on this call, which it then has counted."""
        if self.given.get("rpc", rpc) != rpc or self.given.get("statement", "") not in (statement or ""):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.action == "cold_start":
            self.since = self.since or time.monotonic()
            return time.monotonic() - self.since < self.given["seconds"]
        if self.times <= 0:
            return False
        self.times -= 1
        return True


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._rules = []

    def load(self, script):
        """Replaces the rules."""
        if not isinstance(script, dict) or not isinstance(script.get("rules"), list):
            raise ValueError("a fault script is {\"rules\": [...]}")
        rules = [Rule(rule) for rule in script["rules"]]
        with self._lock:
            self._rules = rules

    def _first(self, rpc, statement, wanted):
        with self._lock:
            for rule in self._rules:
                if wanted(rule.action) and rule.takes(rpc, statement):
                    return rule
        return None

    def find(self, rpc, statement):
        """The fault of a call, or None."""
        return self._first(rpc, statement, lambda action: action != "run")

    def hold(self, statement):
        """For how many seconds a statement is to stay running before it starts."""
        rule = self._first("ExecuteStatement", statement, lambda action: action == "run")
        return rule.given["seconds"] if rule else 0
