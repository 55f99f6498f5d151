"""Faults on script.

A script is {"rules": [...]}. A rule waits for a call of `rpc` (any of Thrift, if not given) whose statement contains `statement` and whose
target contains `target` (any, if not given), lets `skip` of them pass (0) and then acts on `times` of them (1). What it does is its `action`:

    On HTTP and the connection
    status          answers with HTTP `status`, `headers` and `body`; nothing is executed. A redirect is a status with a Location.
                    On storage the body, if not given, is an error of the service with `code` (for 503 of S3: SlowDown, ...)
    cold_start      503 with Retry-After for `seconds` from the first such call; nothing is executed; times does not count
    expired_token   401 in the real shape, and all OAuth tokens end; nothing is executed. After N calls: `skip` N, and many `times`.
                    On S3 ExpiredToken, and the key that signed the call is expired for good
    reset_before    resets the connection, nothing is executed
    reset_after     executes, then resets the connection
    down            executes, answers, then refuses connections for `seconds`: also those of the control endpoint
    delay           waits `seconds`, then executes. On every FetchResults: slow results
    stall           never answers, until the client has gone; executes if `executed` is true
    cut             executes, then sends `bytes` of the answer (half, if not given) and closes
    garbage         executes nothing and answers 200 with `body` (a page of HTML, if not given; may be empty)

    Of these all but cold_start, expired_token and down can also strike a request for an OAuth token: rpc is OAuthToken then.
    All but cold_start can strike storage. There rpc is S3.PutObject, S3.UploadPart, ... (as AWS names them), or Files.Put, Files.Get,
    Files.Head, Files.Delete, Files.CreateDirectory, Files.ListDirectory, ...; `S3.*` means all of S3. The target is BUCKET/KEY, or the
    path in the volume. An answer without a body is cut in its headers.

    On Thrift
    sequence        executes, then answers with another sequence id
    method          executes, then answers with the name of another method
    exception       executes nothing and answers with a TApplicationException of `type` (6) and `message`
    unknown_fields  executes, then answers with unknown fields of every type in every structure
    alter           executes, then sets the fields of the answer named in `set` ({"operationState": 42}), and adds to those named in
                    `add` ({"startRowOffset": 1}), in whatever structure they stand

    On sessions, statements and results
    invalid_handle  executes nothing and answers with the status INVALID_HANDLE
    lost_session    forgets the call's session first
    evicted         forgets the call's operation and answers 404, to this call and to all that name the operation later
    run             keeps the statement running for `seconds`, or until it was polled `polls` times, before it starts; with `loading` a
                    COPY INTO takes its files first, so that no other one may load them meanwhile (ExecuteStatement only). Another rule
                    may strike the same call: with reset_after the statement goes on without its client
    refuse          executes nothing and answers with the error `message` of `class` and `sqlstate`; `{statement}` in it stands for the whole
                    text that was sent, secrets and all (ExecuteStatement only)
    empty_page      executes nothing and answers with no rows but more to come (FetchResults only)
    slow_page       waits `seconds`, then executes and answers with at most `rows` rows (FetchResults, and ExecuteStatement's direct results)
    short_page      executes, then leaves out the last batch of rows, or the last row of column sets
"""

import threading
import time

PAGE = "<html><head><title>502</title></head><body>proxy</body></html>"      # what garbage is, if nothing is given
SECONDS = (int, float)
# What an action takes, and of which type; needed are those of NEEDED.
ACTIONS = {
    "status": {"status": int, "headers": dict, "body": str, "code": str}, "cold_start": {"seconds": SECONDS, "retry_after": int},
    "expired_token": {}, "reset_before": {}, "reset_after": {}, "down": {"seconds": SECONDS}, "delay": {"seconds": SECONDS},
    "stall": {"executed": bool}, "cut": {"bytes": int}, "garbage": {"body": str},
    "sequence": {}, "method": {}, "exception": {"type": int, "message": str}, "unknown_fields": {}, "alter": {"set": dict, "add": dict},
    "invalid_handle": {}, "lost_session": {}, "evicted": {}, "run": {"seconds": SECONDS, "polls": int, "loading": bool},
    "refuse": {"class": str, "sqlstate": str, "message": str}, "empty_page": {}, "short_page": {},
    "slow_page": {"rows": int, "seconds": SECONDS}}
NEEDED = {"status": {"status"}, "cold_start": {"seconds"}, "down": {"seconds"}, "delay": {"seconds"},
          "slow_page": {"rows", "seconds"}, "refuse": {"class", "sqlstate", "message"}}
COMMON = {"rpc": str, "statement": str, "target": str, "skip": int, "times": int, "action": str}
ONLY = {"run": "ExecuteStatement", "refuse": "ExecuteStatement", "empty_page": "FetchResults"}
TOKEN_RPC = "OAuthToken"        # what a request for an OAuth token is called here and in the log
ON_TOKENS = {"status", "reset_before", "reset_after", "delay", "stall", "cut", "garbage"}
STORAGE = ("S3.", "Files.")     # how the names of calls of storage begin
ON_STORAGE = ON_TOKENS | {"expired_token", "down"}


class Rule:
    def __init__(self, given):
        if not isinstance(given, dict):
            raise ValueError("a rule is an object")
        self.action = given.get("action")
        if self.action not in ACTIONS:
            raise ValueError(f"action {self.action!r}: unknown")
        self._check(given, COMMON | ACTIONS[self.action])
        self.given, self.skip, self.times = given, given.get("skip", 0), given.get("times", 1)
        self.since = None

    def _check(self, given, known):
        for key, value in given.items():
            if key not in known:
                raise ValueError(f"action {self.action!r} does not take {key!r}")
            if not isinstance(value, known[key]):
                raise ValueError(f"action {self.action!r}: {key!r} is of a wrong type")
        missing = NEEDED.get(self.action, set()) - set(given)
        if missing or (self.action == "run" and ("seconds" in given) == ("polls" in given)):
            raise ValueError(f"action {self.action!r} needs {sorted(missing) or 'seconds or polls'}")
        if given.get("rpc", ONLY.get(self.action)) != ONLY.get(self.action, given.get("rpc")):
            raise ValueError(f"action {self.action!r} is for {ONLY[self.action]} only")
        if given.get("rpc") == TOKEN_RPC and self.action not in ON_TOKENS:
            raise ValueError(f"action {self.action!r} is not for {TOKEN_RPC}")
        if given.get("rpc", "").startswith(STORAGE) and self.action not in ON_STORAGE:
            raise ValueError(f"action {self.action!r} is not for storage")
        if ("code" in given or "*" in given.get("rpc", "")) and not given.get("rpc", "").startswith(STORAGE):
            raise ValueError("'code' and '*' are for storage only")

    def _names(self, rpc):
        wanted = self.given.get("rpc", ONLY.get(self.action))
        if wanted is None:
            return rpc != TOKEN_RPC and not rpc.startswith(STORAGE)
        return rpc.startswith(wanted[:-1]) if wanted.endswith("*") else rpc == wanted

    def takes(self, rpc, statement, target):
        """Whether the rule acts on this call, which it then has counted."""
        texts = {"statement": statement or "", "target": target or ""}
        if not self._names(rpc) or any(self.given.get(name, "") not in text for name, text in texts.items()):
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

    def _first(self, rpc, statement, target, wanted):
        with self._lock:
            for rule in self._rules:
                if wanted(rule.action) and rule.takes(rpc, statement, target):
                    return rule
        return None

    def find(self, rpc, statement, target):
        """The fault of a call, or None."""
        return self._first(rpc, statement, target, lambda action: action != "run")

    def hold(self, statement):
        """How long a statement is to stay running before it starts: {"seconds"} or {"polls"}, maybe {"loading"} (behind the taking of its files); or None."""
        rule = self._first("ExecuteStatement", statement, None, lambda action: action == "run")
        return rule.given if rule else None
