"""What each fault does to each call: the faults, the calls, and the rules that say what is right.

Every fault strikes once and, in a second try, every time. Expectations come from few rules:

* A call that may be made again is made again, when the fault can heal. Otherwise it ends with the fault's own status.
* A statement that was not declared repeatable is sent again only if the server certainly did nothing. Otherwise it ends as OUTCOME_UNKNOWN.
* An import goes on by itself when its session is lost, and from where it stood, when it is told to, after every other failure.
* Closing always succeeds.
"""

from dataclasses import dataclass, field

ALWAYS = 1_000_000
SNAPSHOT = "SELECT * FROM `ldbx_snapshot"


@dataclass(frozen=True)
class Outcome:
    status: str = "OK"
    verdict: str = ""
    http: int = 0

    def __str__(self):
        return "✓" if self.status == "OK" else f"{self.status} {self.verdict}"


RIGHT = Outcome()


@dataclass(frozen=True)
class Call:
    name: str
    about: str
    rpc: str                    # that the fault strikes
    command: str                # for the driver; {mark} stands where the statement gets its mark
    rows: int = 0
    sum: int = 0
    before: tuple = ("OpenSession", "")     # the call before it, and part of its statement
    statement: str = "{mark}"       # part of the statement whose call is struck
    repeatable: bool = True
    polled: bool = False        # the statement runs until it was asked for its state
    closing: bool = False
    importing: bool = False
    inserting: bool = False     # changes something

    @property
    def unsafe(self):
        """The call must not be made twice."""
        return self.rpc == "ExecuteStatement" and not self.repeatable


def sum_to(count):
    return count * (count - 1) // 2


ONE_PAGE = "SELECT id FROM range(900) /* {mark} */"
PAGES = "SELECT id FROM range(3500) /* {mark} */"
INSERT = "INSERT INTO main.faults.sink VALUES ({cell}) /* {mark} */"
EXECUTE = ("ExecuteStatement", "{mark}")
IMPORTED = 4000
WHOLE_IMPORT = {"rows": IMPORTED, "sum": IMPORTED}

CALLS = [
    Call("open", "a connection: OpenSession", "OpenSession", "open", statement="", before=()),
    Call("browse", "tables of a schema: ExecuteStatement", "ExecuteStatement", "browse", rows=3, statement="SHOW TABLES"),
    Call("query", "SELECT: ExecuteStatement", "ExecuteStatement", "run 1 1 0 " + ONE_PAGE, 900, sum_to(900)),
    Call("insert", "INSERT, not repeatable: ExecuteStatement", "ExecuteStatement", "run 0 1 0 " + INSERT, 1, 1, repeatable=False, inserting=True),
    Call("poll", "SELECT: GetOperationStatus", "GetOperationStatus", "run 1 1 0 " + ONE_PAGE, 900, sum_to(900), EXECUTE, polled=True),
    Call("poll insert", "INSERT: GetOperationStatus", "GetOperationStatus", "run 0 1 0 " + INSERT, 1, 1, EXECUTE,
         repeatable=False, polled=True, inserting=True),
    Call("describe", "SELECT: GetResultSetMetadata", "GetResultSetMetadata", "run 1 1 0 " + ONE_PAGE, 900, sum_to(900), ("GetOperationStatus", "{mark}"),
         polled=True),
    Call("fetch", "pages of a SELECT, fetched ahead: FetchResults", "FetchResults", "run 1 1 0 " + PAGES, 3500, sum_to(3500),
         EXECUTE),
    Call("fetch plain", "pages of a SELECT that was not declared repeatable, one at a time: FetchResults", "FetchResults",
         "run 0 0 0 " + PAGES, 3500, sum_to(3500), EXECUTE, repeatable=False),
    Call("close", "a result that is left early: CloseOperation", "CloseOperation", "run 1 1 1 " + PAGES, 1000, sum_to(1000), EXECUTE,
         closing=True),
    Call("leave", "a connection: CloseSession", "CloseSession", "end", statement="", closing=True),
    Call("import query", "a query of an import: ExecuteStatement", "ExecuteStatement", "import", **WHOLE_IMPORT, statement=SNAPSHOT,
         before=("ExecuteStatement", "SELECT max(ldbx_ts)"), importing=True),
    Call("import page", "pages of an import: FetchResults", "FetchResults", "import", **WHOLE_IMPORT, statement=SNAPSHOT,
         before=("ExecuteStatement", SNAPSHOT), importing=True),
]

FETCHES = {"fetch", "fetch plain", "import page"}
STATES = {"query", "insert", "poll", "poll insert"}
STATEMENTS = STATES | {"browse", "describe", "import query"} | FETCHES


@dataclass(frozen=True)
class Fault:
    name: str
    rule: dict
    kind: str                   # fine, busy, open, final, broken, gone
    outcome: Outcome = RIGHT    # of a call that is not made again, or was made too often
    calls: frozenset = field(default_factory=lambda: frozenset(call.name for call in CALLS))
    once_only: bool = False     # striking every time makes no difference
    request_timeout_ms: int = 60_000
    query_timeout_s: int = 0
    exceptions: dict = field(default_factory=dict)      # call: (once, every time)

    def expected(self, call, lasting):
        if call.name in self.exceptions:
            return self.exceptions[call.name][lasting]
        if self.kind == "fine" or call.closing:
            return RIGHT
        if self.kind in ("busy", "open") and not lasting and not (self.kind == "open" and call.unsafe):
            return RIGHT
        if self.kind == "gone" and call.importing and not lasting:
            return RIGHT
        return self._failed(call)

    def _failed(self, call):
        outcome = self.outcome
        if call.inserting and (call.polled or (self.kind in ("open", "broken"))):
            return Outcome("OUTCOME_UNKNOWN", "unknown", outcome.http)
        if call.name == "fetch plain":
            return Outcome(outcome.status, "unknown", outcome.http)     # the statement has run
        return outcome


def unavailable(http=0):
    return Outcome("UNAVAILABLE", "safe", http)


def never(status, http=0):
    return Outcome(status, "never", http)


def safe(status, http=0):
    return Outcome(status, "safe", http)


def http(number, kind, outcome, note="", exceptions=(), **more):
    rule = {"action": "status", "status": number} | more
    return Fault(f"HTTP {number}{note}", rule, kind, outcome, exceptions=dict(exceptions))


def damaged(name, calls, kind="broken", outcome=never("PROTOCOL"), exceptions=(), **rule):
    return Fault(name, rule, kind, outcome, frozenset(calls), exceptions=dict(exceptions))


LOST = safe("SESSION_LOST")
# A new session answers the import's query with its first page, so that the import gets on, page by page.
GETS_ON = {"import page": [RIGHT] * 2}
# 404 says that the session, or its operation, is gone; where there is no session yet, that the address is wrong.
LOST_404 = {"open": [never("NOT_FOUND", 404)] * 2} | GETS_ON
# Limits of ours keep their status; the verdict says that the statement may have run.
LIMIT = {"poll insert": [Outcome("TIMEOUT", "unknown")] * 2}
LIMITS = LIMIT | {"insert": LIMIT["poll insert"]}
# Pages are asked for by their first row, so that what one lacks comes with the next. An import counts what no page follows.
RAN = Outcome("PROTOCOL", "unknown")
HEALS = {"fetch": [RIGHT, never("PROTOCOL")], "fetch plain": [RIGHT, RAN]}
COUNTED = HEALS | {"import page": [RIGHT, never("INVALID_DATA")]}

FAULTS = [
    http(400, "final", never("PROTOCOL", 400)),
    http(400, "gone", safe("SESSION_LOST", 400), ", Invalid SessionHandle", GETS_ON, headers={"X-Thriftserver-Error-Message": "Invalid SessionHandle: x"}),
    http(400, "gone", safe("SESSION_LOST", 400), ", Invalid SessionHandle in JSON", GETS_ON,
         body='{"error_code": "BAD_REQUEST", "message": "Invalid SessionHandle: SessionHandle [x]"}'),
    http(401, "final", never("UNAUTHENTICATED", 401)),
    Fault("expired token", {"action": "expired_token"}, "final", never("UNAUTHENTICATED", 401)),
    http(403, "final", never("FORBIDDEN", 403)),
    http(404, "gone", safe("SESSION_LOST", 404), exceptions=LOST_404),
    http(408, "open", unavailable(408)),
    http(429, "busy", unavailable(429)),
    http(500, "open", unavailable(500)),
    http(501, "final", never("PROTOCOL", 501)),
    http(502, "open", unavailable(502)),
    http(503, "open", unavailable(503)),
    http(503, "busy", unavailable(503), ", Retry-After", headers={"Retry-After": "60"}),
    http(504, "open", unavailable(504)),
    http(307, "final", never("PROTOCOL", 307), ", Location", headers={"Location": "https://login.example/"}),
    Fault("connection refused, for long", {"action": "down", "seconds": 2}, "final", unavailable(), once_only=True),
    Fault("reset, not executed", {"action": "reset_before"}, "open", unavailable()),
    Fault("reset, executed", {"action": "reset_after"}, "open", unavailable()),
    Fault("stall", {"action": "stall"}, "broken", safe("TIMEOUT"), once_only=True, request_timeout_ms=2000, exceptions=LIMIT),
    Fault("stall, executed", {"action": "stall", "executed": True}, "broken", safe("TIMEOUT"), once_only=True, request_timeout_ms=2000, exceptions=LIMIT),
    Fault("stall, query timeout", {"action": "stall"}, "broken", safe("TIMEOUT"), frozenset(STATES),
          once_only=True, query_timeout_s=2, exceptions=LIMIT),
    Fault("cut body", {"action": "cut"}, "open", unavailable()),
    Fault("HTML, status 200", {"action": "garbage"}, "broken", never("PROTOCOL")),
    Fault("empty, status 200", {"action": "garbage", "body": ""}, "open", unavailable()),
    Fault("wrong sequence id", {"action": "sequence"}, "broken", never("PROTOCOL")),
    Fault("wrong method name", {"action": "method"}, "broken", never("PROTOCOL")),
    Fault("TApplicationException", {"action": "exception"}, "broken", never("PROTOCOL")),
    Fault("unknown fields", {"action": "unknown_fields"}, "fine"),
    Fault("unknown harmless enums", {"action": "alter", "set": {"operationType": 42, "cacheLookupResult": 42, "serverProtocolVersion": 0xA5FF}},
          "fine"),
    Fault("unknown status code", {"action": "alter", "set": {"statusCode": 42}}, "broken", never("PROTOCOL")),
    damaged("unknown operation state", STATES | {"browse", "import query"}, action="alter", set={"operationState": 42}),
    damaged("statement cancelled by others", STATES, outcome=never("SERVER"), action="alter", set={"operationState": 3}),
    damaged("statement closed by others", STATES, outcome=never("SERVER"), action="alter", set={"operationState": 4}),
    damaged("statement timed out on the server", STATES, outcome=safe("TIMEOUT"), exceptions=LIMITS, action="alter",
            set={"operationState": 8}),
    damaged("unknown result format", {"query", "browse", "describe", "import query"}, action="alter", set={"resultFormat": 42}),
    Fault("INVALID_HANDLE", {"action": "invalid_handle"}, "gone", LOST, exceptions=GETS_ON),
    Fault("session lost", {"action": "lost_session"}, "gone", LOST, frozenset(STATEMENTS | {"close"}), exceptions=GETS_ON),
    Fault("operation evicted", {"action": "evicted"}, "gone", safe("SESSION_LOST", 404),
          frozenset({"poll", "poll insert", "describe", "close"} | FETCHES), exceptions=GETS_ON),
    damaged("batch shorter than declared", {"query", "browse", "import query"} | FETCHES, action="alter", add={"rowCount": 1}),
    damaged("batch longer than declared", {"query", "browse", "import query"} | FETCHES, action="alter", add={"rowCount": -1}),
    damaged("page shorter than the server counts", FETCHES, exceptions=COUNTED, action="short_page"),
    damaged("page starts too late", {"query", "browse", "import query"} | FETCHES, action="alter", add={"startRowOffset": 1}),
    damaged("page starts too early", FETCHES, action="alter", add={"startRowOffset": -1}),
    damaged("empty page, more to come", FETCHES, "busy", never("PROTOCOL"), action="empty_page"),
    damaged("slow page", FETCHES, "fine", action="delay", seconds=0.2),
]

# The statements of an import, one after the other; and faults that strike when they are sent, or while they run.
PHASES = {"pinning": "DESCRIBE HISTORY", "describing": "LIMIT 0", "counting": "IS NOT NULL", "counting NULLs": "IS NULL",
          "view": "CREATE OR REPLACE TEMPORARY VIEW", "plan": "SELECT max(ldbx_ts)", "query": SNAPSHOT}
PHASE_FAULTS = [(name, running) for name, running in (
    ("session lost", False), ("session lost", True), ("operation evicted", True), ("INVALID_HANDLE", False), ("HTTP 403", False),
    ("HTTP 403", True), ("HTTP 503, Retry-After", False), ("reset, executed", False), ("cut body", True), ("wrong sequence id", False),
    ("HTML, status 200", True))]


def phase_call(phase, running):
    rpc = "GetOperationStatus" if running else "ExecuteStatement"
    return Call(f"import {phase}", "", rpc, "import", **WHOLE_IMPORT, statement=PHASES[phase], polled=running, importing=True)


ABOUT = """\
# Faults

What a fault in a call's answer leads to, as measured by `tests/flow/test_faults.py` against the sandbox: a row for each fault, a column for each call.

A cell says what happens when the fault strikes once and, after the bar, when it strikes every time. ✓: the right rows, all of them, and what was to be
changed was changed once. Otherwise the status and the verdict of `ldbx_error_retry()`: may the same be done again (*safe*), would it fail again (*never*), or may the
statement have run (*unknown*). A dash: the fault does not go with the call.

In each cell these hold too: success never comes with fewer rows; no statement that was not declared repeatable runs twice, and where the verdict is *safe* or
*never* it has not run; nothing outlasts its deadline; the error names the call; the connection can be used afterwards, or says SESSION_LOST; an import
that is told to go on delivers every row once.

"""


ABOUT_PHASES = """
## Imports

What a fault leads to that strikes a statement of an import once, when it is sent or, below, while it runs. After each of these failures the same import,
told to go on, delivered every row once, of the version that it had pinned.

"""


def page(observed, phases):
    """The tables as Markdown: observed[fault, call] is (once, every time), phases[fault, running, phase] is the outcome."""
    lines = ["| call | what it is, and the answer that is struck |", "|---|---|"]
    lines += [f"| {call.name} | {call.about} |" for call in CALLS]
    lines += ["", "| fault | " + " | ".join(call.name for call in CALLS) + " |", "|---" * (len(CALLS) + 1) + "|"]
    for fault in FAULTS:
        cells = [_cell(observed.get((fault.name, call.name))) for call in CALLS]
        lines.append(f"| {fault.name} | " + " | ".join(cells) + " |")
    return ABOUT + "\n".join(lines) + "\n" + ABOUT_PHASES + _page_of_phases(phases)


def _page_of_phases(phases):
    lines = ["| fault | " + " | ".join(PHASES) + " |", "|---" * (len(PHASES) + 1) + "|"]
    for name, running in PHASE_FAULTS:
        cells = [str(phases[name, running, phase]) for phase in PHASES]
        lines.append(f"| {name}, {'while it runs' if running else 'when it is sent'} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(outcomes):
    if outcomes is None:
        return "–"
    once, always = map(str, outcomes)
    return once if once == always else f"{once} / {always}"
