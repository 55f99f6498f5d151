"""Every answer that was recorded of the real service, through the public API."""

import made
import pytest
from played import arrow_type
from recorded import NOTHING, PRESENT, answer, each, entries, expected, find, read, session, statement_of

RESULTS = ("ExecuteStatement", "GetCatalogs", "GetSchemas", "GetTables")
PAGED = [["g02", "g03", "g04"], ["g06", "g07"]]
OTHER = {"g01", "g08", "g09", "g10", "g11"}     # reconstructed ones that carry no rows


def decode(entry):
    """The answer as the official stubs read it."""
    return made.decode(answer(entry).body)


def expect_schema(entry, outcome):
    """Names and types. A statement without rows has a column `Result` in Thrift and none in Arrow."""
    if entry.get("arrowFieldCount") == 0:
        assert outcome.columns == []
        return
    wanted = entry["schema"]
    assert [column["name"] for column in outcome.columns] == [column["name"] for column in wanted]
    for column, want in zip(outcome.columns, wanted):
        if "arrowType" in want:
            assert arrow_type(column["arrow"]) == want["arrowType"]
        if "sqlType" in want:
            assert column["sql_type"] == want["sqlType"]
        assert column["type"] != 0


def expect_rows(entry, outcome):
    content, rows = expected(entry)
    assert outcome.end["status"] == "DONE", outcome.end
    assert outcome.rows[:content["rowsIncluded"]] == rows
    assert len(outcome.rows) == content["rowCount"] == entry["rowCount"]
    assert outcome.digest() == content["sha256"] == entry["rowsSha256"]


def expect_result(entry, outcome):
    assert outcome.status == "OK", outcome.execute
    expect_schema(entry, outcome)
    expect_rows(entry, outcome)
    assert outcome.execute["modified_rows"] == entry.get("numModifiedRows", -1)
    if entry.get("operationHandle"):
        assert outcome.execute["statement_id"].replace("-", "") == entry["operationHandle"]["guid"]
    if "batchRowCounts" in entry:
        assert outcome.end["batches"] == [count for count in entry["batchRowCounts"] if count]


def expect_error(entry, outcome):
    """The server's own words, and nothing of its insides."""
    step = outcome.execute
    assert (step["status"], step["sqlstate"], step["class"]) == ("SERVER", entry["sqlState"], entry["errorClass"])
    said = " ".join(decode(entry).status.displayMessage.split())
    assert step["message"] and step["message"] in said
    assert said.startswith(f"[{entry['errorClass']}] {step['message']}")
    assert not any(sign in step["message"] for sign in ("org.apache", "java", "\n", "\tat ", "SQLSTATE", "== SQL"))


def expect_links(entry, outcome):
    assert outcome.status == "UNSUPPORTED" and "links to cloud storage" in outcome.execute["message"]


def expect(entry, outcome):
    if entry["thriftStatus"] == "ERROR":
        expect_error(entry, outcome)
    elif entry.get("links"):
        expect_links(entry, outcome)
    else:
        expect_result(entry, outcome)


@each("exchanges", *RESULTS)
def test_results(entry, play, replay):
    book = session(entry["target"])
    statement = statement_of(entry)
    book.put("ExecuteStatement", statement["sql"], answer=answer(entry))
    if entry.get("links"):      # the operation is still open, and is closed
        book.put("CloseOperation", answer=answer("059"))
    played = play(book, statement, path=entry["path"])
    expect(entry, played.outcomes[0])
    assert book.left() == [] and {request.path for request in replay.seen} == {entry["path"]}


@each("exchanges", "OpenSession", only=lambda entry: entry["httpStatus"] == 200)
def test_sessions_are_opened(entry, play):
    book = session(entry["target"])
    book.answers[("OpenSession",)] = [answer(entry)]
    played = play(book, path=entry["path"])
    assert played.open["status"] == "OK" and played.open["protocol"] == entry["serverProtocolVersion"]
    assert played.open["session_id"].replace("-", "") == decode(entry).sessionHandle.sessionId.guid.hex()
    assert book.left() == []


@each("exchanges", "OpenSession", only=lambda entry: entry["httpStatus"] == 401)
def test_bad_credentials(entry, play):
    book = session(entry["target"])
    book.answers = {("OpenSession",): [answer(entry)]}
    opened = play(book, path=entry["path"]).open
    assert (opened["status"], opened["http_status"]) == ("UNAUTHENTICATED", 401)
    assert entry["headers"]["x-databricks-reason-phrase"] in opened["message"]


@each("exchanges", "CloseSession")
def test_sessions_are_closed(entry, play):
    book = session(entry["target"])
    book.answers[("CloseSession",)] = [answer(entry)]
    assert play(book, path=entry["path"]).open["status"] == "OK" and book.left() == []


@each("exchanges", "CloseOperation")
def test_operations_are_closed_whatever_the_server_says(entry, play):
    book = session(entry["target"])
    book.put("ExecuteStatement", "SELECT 1", answer=answer("g06"))
    book.put("FetchResults", 10, answer=answer("g07"))
    book.put("CloseOperation", answer=answer(entry))
    outcome, = play(book, {"sql": "SELECT 1"}, path=entry["path"]).outcomes
    assert outcome.end["status"] == "DONE" and len(outcome.rows) == 19 and book.left() == []


@each("exchanges", "CloseOperation", only=lambda entry: entry["thriftStatus"] == "ERROR")
def test_errors_of_other_calls_are_read(entry, play):
    """The same answer to a question that must be answered: a handle that is not known any more."""
    book = session(entry["target"])
    book.put("ExecuteStatement", "SELECT 1", answer=answer("g08"))
    book.put("GetOperationStatus", answer=answer(entry))
    book.put("CloseOperation", answer=answer(entry))
    outcome, = play(book, {"sql": "SELECT 1", "repeatable": True}, path=entry["path"]).outcomes
    step = outcome.execute
    assert (step["status"], step["sqlstate"]) == ("SESSION_LOST", entry["sqlState"])
    assert " ".join(entry["errorMessageStart"].split()) in step["message"]


@each("sessions")
def test_whole_sessions(entry, play, replay):
    """Statement after statement in one session, as it was recorded. Only what needs closing is closed by us."""
    exchanges = [find(identifier) for identifier in entry["exchanges"]]
    ran = [exchange for exchange in exchanges if exchange["rpc"] in RESULTS]
    book = session(entry["target"])
    book.answers = {}
    for exchange in exchanges:
        key = ("ExecuteStatement", statement_of(exchange)["sql"]) if exchange in ran else (exchange["rpc"],)
        book.put(*key, answer=answer(exchange))
    played = play(book, *map(statement_of, ran), path=exchanges[0]["path"])
    assert played.open["status"] == ("OK" if ran else "UNAUTHENTICATED")
    for exchange, outcome in zip(ran, played.outcomes, strict=True):
        expect(exchange, outcome)
    closes = ["CloseOperation"] * sum(bool(exchange.get("links")) for exchange in ran)
    assert replay.calls() == ["OpenSession"] + ["ExecuteStatement"] * len(ran) + closes + ["CloseSession"] * bool(ran)
    assert set(book.left()) <= {("CloseOperation",)}


def is_whole(entry):
    return "expected" in entry["files"] and entry["id"] not in sum(PAGED, [])


@each("reconstructed", "ExecuteStatement", only=is_whole)
def test_reconstructed_results(entry, play):
    book = session()
    book.put("ExecuteStatement", "SELECT 1", answer=answer(entry))
    expect_result(entry, play(book, {**statement_of(entry), "sql": "SELECT 1"}).outcomes[0])
    assert book.left() == []


@pytest.mark.parametrize("pages", PAGED if PRESENT else [NOTHING])
def test_pages(pages, play, replay):
    pages = [find(identifier) for identifier in pages]
    book = session()
    book.put("ExecuteStatement", "SELECT 1", answer=answer(pages[0]))
    for page in pages[1:]:
        book.put("FetchResults", page["startRowOffset"], answer=answer(page))
    book.put("CloseOperation", answer=answer("059"))
    outcome, = play(book, {**statement_of(pages[0]), "sql": "SELECT 1"}).outcomes
    assert outcome.status == "OK" and book.left() == []
    expect_schema(pages[0], outcome)
    rows, counts = outcome.rows, sum((page.get("batchRowCounts", [page["rowCount"]]) for page in pages), [])
    assert outcome.end["batches"] == counts
    for page in pages:
        outcome.rows, rows = rows[:page["rowCount"]], rows[page["rowCount"]:]
        expect_rows(page, outcome)
    assert rows == []


def running(*states):
    """A book in which a statement runs, and is asked after."""
    book = session()
    book.put("ExecuteStatement", "SELECT 1", answer=answer("g08"))
    for state in states:
        book.put("GetOperationStatus", answer=answer(state))
    book.put("CloseOperation", answer=answer("059"))
    return book


@each("reconstructed", only=lambda entry: entry["id"] == "g10")
def test_a_statement_that_runs_for_a_while(entry, play, replay):
    book, rows = running("g09", "g09", entry), find("g16")
    direct = decode(rows).directResults     # the parts that a fast statement brings along, one by one
    book.put("GetResultSetMetadata", answer=made.encode("GetResultSetMetadata", direct.resultSetMetadata))
    book.put("FetchResults", 0, answer=made.encode("FetchResults", direct.resultSet))
    outcome, = play(book, {"sql": "SELECT 1"}).outcomes
    assert outcome.status == "OK" and book.left() == []
    expect_schema(rows, outcome)
    expect_rows(rows, outcome)


@each("reconstructed", "CancelOperation")
def test_a_statement_is_cancelled(entry, play):
    book = running("g09", "g09")
    book.put("CancelOperation", answer=answer(entry))
    outcome, = play(book, {"sql": "SELECT 1", "cancel_after": 3}).outcomes
    assert outcome.status == "STOPPED" and book.left() == []


@each("reconstructed", "OpenSession")
def test_an_older_runtime(entry, play, replay):
    """It knows no parameters, so that a statement with them is not sent."""
    book = session()
    book.answers[("OpenSession",)] = [answer(entry)]
    played = play(book, {"sql": "SELECT ?", "parameters": [[None, "INT", "1"]]})
    assert played.open["protocol"] == entry["serverProtocolVersion"]
    assert played.outcomes[0].status == "UNSUPPORTED" and replay.calls() == ["OpenSession", "CloseSession"]


# Arrow data without an answer around it: put into one.

THRIFT = {"int32": "INT", "int64": "BIGINT", "string": "STRING", "binary": "BINARY", "date32[day]": "DATE", "decimal128": "DECIMAL", "timestamp[us": "TIMESTAMP"}


def described(entry):
    return [(column["name"], column.get("thriftType") or THRIFT[column["arrowType"].split("(")[0].split(",")[0]], column.get("qualifiers"))
            for column in entry["schema"]]


def play_arrow(play, entry, schema, batches, lz4):
    batches = made.arrow_rows(list(zip(batches, entry["batchRowCounts"], strict=True)))
    book = session()
    book.put("ExecuteStatement", "SELECT 1", answer=made.executed(made.metadata(described(entry), made.ARROW, schema, lz4), made.page(batches)))
    outcome, = play(book, {"sql": "SELECT 1"}).outcomes
    assert outcome.status == "OK", outcome.execute
    expect_schema(entry if schema is None or len(made.decode_schema(schema)) else {"arrowFieldCount": 0}, outcome)
    expect_rows(entry, outcome)


@pytest.mark.parametrize("lz4", [False, True])
@each("arrow")
def test_arrow_messages(entry, lz4, play):
    batches = [read(file) for file in entry["files"]["batches"]]
    play_arrow(play, entry, read(entry["files"]["schema"]), [made.frames(batch, 100) for batch in batches] if lz4 else batches, lz4)


@each("arrow", only=lambda entry: not entry["schemaOnWire"])
def test_arrow_messages_without_their_schema(entry, play):
    play_arrow(play, entry, None, [read(file) for file in entry["files"]["batches"]], None)


@each("cloudfetch")
def test_objects_in_storage_as_they_are(entry, play):
    """An object of a frame for each message is sent frame by frame as it was recorded."""
    body = read(entry["files"]["body"])
    split = made.split_frames(body) if entry["lz4"] else []
    messages = made.split_messages(b"".join(content for _, content in split) if split else body)
    if len(split) > 1:
        batches = [frame for frame, _ in split[1:1 + len(messages[1:])]]
    else:
        batches = [made.frames(message) if split else message for message in messages[1:]]
    play_arrow(play, entry, messages[0], batches, entry["lz4"])


@each("cloudfetch")
def test_objects_in_storage_in_several_frames(entry, play):
    """Frames in a row, with checksums of blocks and of content."""
    body = read(entry["files"]["body"])
    messages = made.split_messages(b"".join(content for _, content in made.split_frames(body)) if entry["lz4"] else body)
    play_arrow(play, entry, messages[0], [made.frames(message, len(message) // 3 + 1, checksums=True) for message in messages[1:]], True)


@pytest.mark.skipif(not PRESENT, reason="no recordings")
def test_nothing_is_left_out():
    """What the tests above choose from the index is all that is in it."""
    calls = {*RESULTS, "OpenSession", "CloseSession", "CloseOperation"}
    assert {entry["rpc"] for entry in entries("exchanges")} == calls
    whole = {entry["id"] for entry in entries("reconstructed", "ExecuteStatement") if is_whole(entry)}
    assert {entry["id"] for entry in entries("reconstructed")} == whole | set(sum(PAGED, [])) | OTHER
    assert [len(entries(group)) for group in ("exchanges", "sessions", "reconstructed", "arrow", "cloudfetch")] == [165, 18, 22, 7, 12]
