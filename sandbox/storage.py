"""What the two stores of objects share: a body that goes to disk as it comes, an answer from there, faults, and the log."""

import binascii
import re
import time
import uuid
import zlib
from contextlib import suppress

from .faults import PAGE

BLOCK = 1 << 20
LARGEST = 5 << 30       # bytes of one request, in S3 as in the Files API


class Refusal(Exception):
    """What a request is refused with. `details` are further elements of S3's answer."""

    def __init__(self, status, code, message, headers=None, **details):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.headers, self.details = status, code, message, headers or {}, details


class Gone(Exception):
    """The connection has ended without an answer."""


class Answer:
    """A status, headers, and either bytes or pieces of files: (path, offset, bytes)."""

    def __init__(self, status=200, body=b"", headers=(), pieces=()):
        self.status, self.body, self.headers, self.pieces = status, body, dict(headers), pieces
        self.length = len(body) + sum(size for _, _, size in pieces)


class Crc32:
    """zlib's CRC-32 as an object of hashlib's kind."""

    def __init__(self):
        self._value = 0

    def update(self, data):
        self._value = zlib.crc32(data, self._value)

    def digest(self):
        return self._value.to_bytes(4, "big")


def encoded(digest):
    return binascii.b2a_base64(digest, newline=False).decode()


class Body:
    """A request's body. A client that waits for 100 Continue gets it when the first byte is wanted."""

    def __init__(self, handler):
        self._handler = handler
        self.chunked = "chunked" in handler.headers.get("Transfer-Encoding", "")
        given = handler.headers.get("Content-Length")
        self.known = given is not None
        # What cannot be a length is not told apart from one that is too large: neither body is read.
        self.length = int(given) if given and re.fullmatch("[0-9]{1,18}", given) else LARGEST + 1 if given else 0
        self._left = self.length
        self._waited_for = handler.headers.get("Expect", "").lower() == "100-continue"
        self._blocks = None

    @property
    def too_large(self):
        return self.length > LARGEST

    def _read(self, size):
        data = self._handler.rfile.read(size)
        if len(data) < size:
            raise ConnectionResetError("the client closed the connection within its body")
        return data

    def _read_blocks(self):
        if self._waited_for:
            self._handler.go_on()
            self._waited_for = False
        while self.chunked:
            size = self._chunk_size()
            for at in range(0, size, BLOCK):
                yield self._read(min(BLOCK, size - at))
            self._handler.rfile.readline()
            self.chunked = size > 0
        while self._left:
            block = self._read(min(BLOCK, self._left))
            self._left -= len(block)
            yield block

    def _chunk_size(self):
        line = self._handler.rfile.readline(100)
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            size = -1
        self.length += size
        if size < 0 or self.too_large:
            self.chunked, self._handler.close_connection = False, True
            raise Refusal(400, "BAD_REQUEST", "The body cannot be read.")
        return size

    def blocks(self):
        self._blocks = self._blocks or self._read_blocks()
        return self._blocks

    def drain(self):
        for _ in self.blocks():
            pass

    def skip(self):
        """Makes room for an answer that does not depend on the body: the next request comes behind it."""
        if self._waited_for or self.too_large:
            self._handler.close_connection = True
        else:
            self.drain()

    def save(self, folder, hashes):
        """Writes the body to a new file, and into the hashes. Gives its path and size."""
        path = folder / uuid.uuid4().hex
        try:
            size = 0
            with open(path, "wb", buffering=0) as file:
                for block in self.blocks():
                    file.write(block)
                    size += len(block)
                    for known in hashes:
                        known.update(block)
            return path, size
        except BaseException:
            path.unlink()
            raise


def span(header, size):
    """The first byte and the number of bytes that a Range header asks for, None for all. ValueError if there are none."""
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if asked is None or asked.groups() == ("", ""):
        return None
    first, last = asked.groups()
    if first == "":
        count = min(int(last), size)
        first = size - count
    else:
        first, last = int(first), min(int(last or size), size - 1)
        count = last - first + 1
    if count <= 0:
        raise ValueError("no such bytes")
    return first, count


def cut_out(files, first, count):
    """The pieces of a run of files (path, bytes) that hold a span."""
    for path, size in files:
        taken = min(size - first, count)
        if taken > 0:
            yield path, first, taken
            count -= taken
        first = max(first - size, 0)


def ranged(header, files, headers):
    """The answer to a GET of some files, one behind the other."""
    size = sum(length for _, length in files)
    asked = span(header, size)
    first, count = asked or (0, size)
    if asked:
        headers = {**headers, "Content-Range": f"bytes {first}-{first + count - 1}/{size}"}
    return Answer(206 if asked else 200, headers=headers, pieces=list(cut_out(files, first, count)))


class StorageCall:
    """A request of a store, from its head to its answer. A kind of store says what the steps are."""

    rpc = target = None

    def __init__(self, handler):
        self.handler, self.workspace, self.headers = handler, handler.server.workspace, handler.headers
        self.method, self.body = handler.command, Body(handler)

    def check(self):
        """Raises a Refusal for what cannot be understood and for those who may not ask."""
        raise NotImplementedError

    def execute(self):
        """Gives the answer."""
        raise NotImplementedError

    def refused(self, refusal):
        """The answer that a refusal makes."""
        raise NotImplementedError

    def failure(self, status):
        """The code and text that go with a status that a rule asks for."""
        raise NotImplementedError

    def expire(self):
        """Ends the credentials of this request for good, and gives the refusal."""
        raise NotImplementedError

    def now(self):
        return time.time()

    def serve(self):
        entry = {"time": time.time(), "id": str(uuid.uuid4()), "rpc": self.rpc, "target": self.target, "statement": None,
                 "fault": None, "executed": False, "status": None}
        self.workspace.record(entry)
        rule = None
        try:
            self.check()
            rule = self.workspace.faults.find(self.rpc, None, self.target)
            entry["fault"] = rule.action if rule else None
            answer = self._instead(rule) if rule else None
            if answer is None:
                entry["executed"] = True
                answer = self.execute()
        except Refusal as refusal:
            answer = self.refused(refusal)
        except Gone:
            return
        entry["status"], entry["seconds"] = answer.status, round(time.time() - entry["time"], 6)
        with suppress(Gone):
            self._answer(answer, rule)

    def _instead(self, rule):
        """What a rule does before the call is executed: the answer that takes the place of the call's own, if there is one."""
        action, given = rule.action, rule.given
        if action == "status":
            code, message = self.failure(given["status"])
            refusal = Refusal(given["status"], given.get("code", code), message, given.get("headers"))
            return Answer(refusal.status, given["body"].encode(), refusal.headers) if "body" in given else self.refused(refusal)
        if action == "garbage":
            return Answer(200, given.get("body", PAGE).encode(), {"Content-Type": "text/html"})
        if action == "expired_token":
            return self.refused(self.expire())
        if action == "reset_before":
            self._reset()
        elif action == "stall" and not given.get("executed"):
            self._stall()
        elif action == "delay":
            time.sleep(given["seconds"])
        return None

    def _reset(self):
        self.handler.reset()
        raise Gone

    def _stall(self):
        self.body.drain()
        self.handler.stall()
        raise Gone

    def _answer(self, answer, rule):
        action, given = (rule.action, rule.given) if rule else (None, {})
        if action == "reset_after":
            self._reset()
        if action == "stall":
            self._stall()
        self.body.skip()
        if action == "down":
            self.handler.server.go_down(given["seconds"])
            self.handler.close_connection = True
        if action == "cut":
            self.handler.close_connection = True
            return self.handler.send(answer, self.now(), given.get("bytes", answer.length // 2))
        return self.handler.send(answer, self.now())
