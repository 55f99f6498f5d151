"""A service that gives prepared answers: by the name of the call, statements by their text, pages by their first row.

Standard library alone, on loopback, on a free port. What it was asked is kept, so that tests can look at the requests.
"""

import http.server
import struct
import threading
from typing import NamedTuple

REPLY = b"\x80\x01\x00\x02"
NUMBERS = {3: ">b", 4: ">d", 6: ">h", 8: ">i", 10: ">q"}


class Answer(NamedTuple):
    body: bytes
    status: int = 200
    headers: tuple = (("content-type", "application/x-thrift"),)


class Request(NamedTuple):
    call: str
    seqid: int
    fields: dict        # of the argument `req`: id -> value, structs as dicts again
    body: bytes
    path: str
    headers: dict


def read_value(data, at, kind):
    """A Thrift value of any type, and where it ends."""
    if kind == 2:
        return data[at] != 0, at + 1
    if kind in NUMBERS:
        return struct.unpack_from(NUMBERS[kind], data, at)[0], at + struct.calcsize(NUMBERS[kind])
    if kind == 11:
        size, = struct.unpack_from(">i", data, at)
        return data[at + 4:at + 4 + size], at + 4 + size
    if kind == 12:
        return read_struct(data, at)
    if kind == 13:
        (keys, values, count), at, pairs = struct.unpack_from(">bbi", data, at), at + 6, {}
        for _ in range(count):
            key, at = read_value(data, at, keys)
            pairs[key], at = read_value(data, at, values)
        return pairs, at
    (element, count), at, items = struct.unpack_from(">bi", data, at), at + 5, []
    for _ in range(count):
        item, at = read_value(data, at, element)
        items.append(item)
    return items, at


def read_struct(data, at):
    fields = {}
    while data[at] != 0:
        kind, number = struct.unpack_from(">bh", data, at)
        assert number not in fields, f"field {number} twice"
        fields[number], at = read_value(data, at + 3, kind)
    return fields, at + 1


def read_head(data):
    """Name, sequence number and where the content of a message begins."""
    size, = struct.unpack_from(">i", data, 4)
    seqid, = struct.unpack_from(">i", data, 8 + size)
    return data[8:8 + size].decode(), seqid, 12 + size


def read_request(body, path="", headers=()):
    call, seqid, at = read_head(body)
    fields, end = read_struct(body, at)
    assert end == len(body) and list(fields) == [1], "more than a request"
    return Request(call, seqid, fields[1], body, path, {name.lower(): value for name, value in headers})


def addressed(answer, request):
    """The answer, as one to this request: its name and sequence number."""
    if answer.status != 200 or answer.body[:4] != REPLY:
        return answer.body
    name = request.call.encode()
    return REPLY + struct.pack(">i", len(name)) + name + struct.pack(">i", request.seqid) + answer.body[read_head(answer.body)[2]:]


def key_of(request):
    """What tells one request of a kind from others."""
    if request.call == "ExecuteStatement":
        return request.call, request.fields[2].decode()
    if request.call == "FetchResults":
        return request.call, request.fields[1282]
    return (request.call,)


class Book:
    """Answers by key, each given once, in the order in which they were put in; the last of a key is given on and on if it was put in to `stay`."""

    def __init__(self):
        self.answers = {}
        self.staying = set()

    def put(self, *key, answer, stay=False):
        self.answers.setdefault(key, []).append(answer)
        if stay:
            self.staying.add(key)

    def take(self, request):
        key = key_of(request)
        left = self.answers.get(key, [])
        if not left:
            return Answer(f"no answer is left for {key}".encode(), 400, ())
        return left[0] if len(left) == 1 and key in self.staying else left.pop(0)

    def left(self):
        """Keys of answers that were not given yet."""
        return [key for key, answers in self.answers.items() if key not in self.staying for _ in answers]


class Replay:
    """The server; `book` may be changed at any time."""

    def __init__(self):
        self.book, self.seen, self.lock = Book(), [], threading.Lock()
        replay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self):
                request = read_request(self.rfile.read(int(self.headers["content-length"])), self.path, self.headers.items())
                with replay.lock:
                    replay.seen.append(request)
                    answer = replay.book.take(request)
                body = addressed(answer, request)
                self.send_response_only(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def play(self, book):
        """From now on answers come from this book, and what was seen before is forgotten."""
        with self.lock:
            self.book, self.seen = book, []

    def calls(self):
        return [request.call for request in self.seen]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
