"""What each fault does to each call of a load: its statements, and the requests that put its files into S3 and volumes.

All calls of a load may be made again. What can heal within a call heals there; a session that is lost is opened again; what the server refuses for a while is
waited for, 15 minutes in all. What then is left of a load goes on with the next one.
"""

from dataclasses import dataclass, replace

from fault_table import ALWAYS, FAULTS, RIGHT, Fault, never, unavailable

FEW, LARGE = "25 10", "2 3145728"       # rows, and bytes of each; LARGE makes a file of several blocks


@dataclass(frozen=True)
class Step:
    """A call of a load."""

    name: str
    rpc: str
    statement: str = ""
    skip: int = 0           # calls of the same kind that come before it
    staging: str = "directory"
    size: str = FEW
    cleaning: bool = False  # what fails there is only told

    @property
    def of_server(self):
        return self.rpc == "ExecuteStatement"


def statement(name, text, skip=0):
    return Step(name, "ExecuteStatement", text, skip)


STATEMENTS = [
    statement("catalog", "SELECT current_catalog()"), statement("settings", "SET ANSI_MODE"), statement("look", "DESCRIBE DETAIL"),
    statement("schema", "SHOW TABLES IN"),
    statement("look again", "DESCRIBE DETAIL", 1), statement("create", "CREATE TABLE"), statement("look at it", "DESCRIBE DETAIL", 2),
    statement("columns", "SELECT * FROM"), statement("version", "DESCRIBE HISTORY"), statement("copy", "COPY INTO"),
    statement("proof", "DESCRIBE HISTORY", 1)]
REQUESTS = [
    Step("S3 put", "S3.PutObject", staging="s3"),
    Step("S3 begin", "S3.CreateMultipartUpload", staging="s3", size=LARGE),
    Step("S3 block", "S3.UploadPart", staging="s3", size=LARGE),
    Step("S3 finish", "S3.CompleteMultipartUpload", staging="s3", size=LARGE),
    Step("S3 check", "S3.HeadObject", staging="s3", skip=1),
    Step("S3 remove", "S3.DeleteObject", staging="s3", cleaning=True),
    Step("S3 list", "S3.ListMultipartUploads", staging="s3", cleaning=True),
    Step("volume put", "Files.Put", staging="volume", skip=1),
    Step("volume check", "Files.Head", staging="volume"),
    Step("volume remove", "Files.Delete", staging="volume", cleaning=True)]


def expected(fault, step, lasting):
    if step.name in fault.exceptions:
        return fault.exceptions[step.name][lasting]
    if step.cleaning or fault.kind == "fine" or (fault.kind in ("busy", "open", "gone") and not lasting):
        return RIGHT
    return fault.outcome


def refused(condition, sqlstate, kind="busy"):
    return Fault(condition, {"action": "refuse", "class": condition, "sqlstate": sqlstate, "message": "not now"}, kind, never("SERVER"))


WANTED = ("HTTP 403", "expired token", "HTTP 429", "HTTP 503", "HTTP 503, Retry-After", "reset, not executed", "reset, executed", "cut body", "session lost",
          "INVALID_HANDLE", "wrong sequence id")
STATEMENT_FAULTS = [fault for fault in FAULTS if fault.name in WANTED] + [
    refused("DELTA_CONCURRENT_APPEND", "2D521"), refused("TRANSACTION_CONCURRENT_COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED", "25000"),
    refused("COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED", "25000"), refused("DIVIDE_BY_ZERO", "22012", "final"),
    Fault("slow", {"action": "delay", "seconds": 0.05}, "fine")]


def of_storage(name, action, kind, outcome, http, **rule):
    return Fault(name, {"action": action} | rule, kind, replace(outcome, http=http))


REQUEST_FAULTS = [
    of_storage("503 SlowDown", "status", "busy", unavailable(), 503, status=503),
    of_storage("503, Retry-After", "status", "busy", unavailable(), 503, status=503, headers={"Retry-After": "7"}),
    of_storage("429", "status", "busy", unavailable(), 429, status=429),
    of_storage("500", "status", "open", unavailable(), 500, status=500),
    of_storage("403", "status", "final", never("FORBIDDEN"), 403, status=403),
    of_storage("reset, not executed", "reset_before", "open", unavailable(), 0),
    of_storage("reset, executed", "reset_after", "open", unavailable(), 0),
    of_storage("cut answer", "cut", "open", unavailable(), 0),
    replace(of_storage("expired token", "expired_token", "final", never("UNAUTHENTICATED"), 400),
            exceptions={step.name: [never("UNAUTHENTICATED", 401)] * 2 for step in REQUESTS if step.staging == "volume" and not step.cleaning}),
    of_storage("slow", "delay", "fine", RIGHT, 0, seconds=0.05)]

ABOUT = """
## Loads

What a fault leads to that strikes a call of a load. After each of these failures the next run of the same load, without the fault, had every row in the table
once, as with each ✓. Statements first, in the order of the load, as measured by `tests/flow/test_load_faults.py`; then the requests that stage files, check and remove
them. A file that cannot be removed is told of, and removed by the next load.

"""


def page(observed, steps, faults):
    lines = ["| fault | " + " | ".join(step.name for step in steps) + " |", "|---" * (len(steps) + 1) + "|"]
    for fault in faults:
        lines.append(f"| {fault.name} | " + " | ".join(cell(*observed[fault.name, step.name]) for step in steps) + " |")
    return "\n".join(lines) + "\n"


def cell(once, always):
    return str(once) if str(once) == str(always) else f"{once} / {always}"


def rules(fault, step, lasting):
    return [{"rpc": step.rpc, "skip": step.skip} | ({"statement": step.statement} if step.of_server else {}) | fault.rule
            | {"times": ALWAYS if lasting else 1}]
