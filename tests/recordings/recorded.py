"""The recordings of the real service, which are no part of this repository; used where they lie beside it."""

import functools
import json
from pathlib import Path

import pytest
from replay import Answer, Book

FOLDER = Path(__file__).resolve().parents[3] / "shared/recordings"
PRESENT = (FOLDER / "index.json").exists()
NOTHING = pytest.param(None, marks=pytest.mark.skip(reason=f"no recordings at {FOLDER}"))


@functools.cache
def index():
    return json.loads((FOLDER / "index.json").read_text()) if PRESENT else {}


def entries(group, *rpcs):
    return [entry for entry in index().get(group, []) if not rpcs or entry["rpc"] in rpcs]


def each(group, *rpcs, only=lambda entry: True):
    """Parametrizes a test with the entries of a group; it is skipped where there are no recordings."""
    found = [pytest.param(entry, id=entry["id"]) for entry in entries(group, *rpcs) if only(entry)]
    return pytest.mark.parametrize("entry", found or [NOTHING])


def find(identifier):
    group = "reconstructed" if identifier.startswith("g") else "exchanges"
    return next(entry for entry in entries(group) if entry["id"] == identifier)


def read(file):
    return (FOLDER / file).read_bytes()


def answer(entry):
    """The answer as it was recorded, headers included."""
    entry = find(entry) if isinstance(entry, str) else entry
    headers = [(name, value) for name, values in entry.get("headers", {"content-type": "application/x-thrift"}).items()
               for value in ([values] if isinstance(values, str) else values)]
    return Answer(read(entry["files"]["response"]), entry.get("httpStatus", 200), tuple(headers))


def session(target="cluster"):
    """A book with which a session is opened and closed."""
    book = Book()
    book.put("OpenSession", answer=answer("001" if target == "cluster" else "061"))
    book.put("CloseSession", answer=answer("012" if target == "cluster" else "064"))
    return book


def statement_of(entry):
    """What to run so that this answer comes: the statement, or the call's name where the library does not make that call."""
    parameters = entry.get("request", {}).get("parameters", [])
    return {"sql": entry.get("sql") or entry["rpc"], "wide": entry.get("resultFormat") == "COLUMN_BASED_SET",
            "parameters": [[None, value["type"], value.get("stringValue")] for value in parameters]}


def expected(entry):
    """Schema and rows; each row as the line of JSON that its decoder should write."""
    text = read(entry["files"]["expected"])
    content = json.loads(text)
    rows = [json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() for row in content["rows"]]
    return content, rows
