"""HTTP: paths, authorization, and faults down to the socket."""

import json
import select
import socket
import ssl
import struct
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from thrift.Thrift import TApplicationException

from . import control, damage, oauth
from .faults import PAGE, TOKEN_RPC
from .rpc import Call, Handlers, log_entry
from .s3 import S3Call
from .volumes import FilesCall

WAREHOUSE, CLUSTER = "/sql/1.0/warehouses/sandbox", "/sql/protocolv1/o/0/sandbox"
LARGEST_BODY = 1 << 30
THRIFT = "application/x-thrift; protocol=TBINARY"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, workspace, context=None, handlers=None, handler=None):
        self.workspace, self.context = workspace, context
        self.handlers = handlers or {WAREHOUSE: Handlers(workspace, "warehouse"), CLUSTER: Handlers(workspace, "cluster")}
        self._ended, self._down = threading.Event(), 0
        super().__init__(("127.0.0.1", port), handler or Handler)

    def serve(self):
        """Serves until stop(), with the pauses that go_down() makes."""
        while not self._ended.is_set():
            self.serve_forever(poll_interval=0.05)
            if self._ended.wait(self._down) or not self._down:
                return
            self._down = 0
            self.socket = socket.socket(self.address_family, self.socket_type)
            self.server_bind()
            self.server_activate()

    def go_down(self, seconds):
        """Refuses connections from now on, for so long. Those that are open stay."""
        self._down = seconds
        self.shutdown()
        self.socket.close()

    def stop(self):
        self._ended.set()
        self.shutdown()

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            # The handshake is left to the connection's own thread: an idle client must not hold up the others.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version, sys_version = "sandbox", ""
    wbufsize = -1       # one write for headers and body
    stores = (S3Call, FilesCall)

    def log_message(self, *arguments):
        pass

    # Answers

    def reply(self, status, body=b"", kind="application/json; charset=utf-8", headers=()):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message, headers=()):
        self.reply(status, {"error_code": code, "message": message}, headers=headers)

    def send(self, answer, now, cut=None):
        """Sends what a store answers; with `cut` so many bytes of its body, or half of its headers if it has none."""
        headers = {"Server": self.server_version, "Date": self.date_time_string(now), **answer.headers}
        if answer.status != 204:
            headers["Content-Length"] = answer.length
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"{self.protocol_version} {answer.status} {self.responses.get(answer.status, ('Unknown',))[0]}"]
        head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1", "replace")
        whole = self.command != "HEAD" and answer.length > 0
        self.wfile.write(head if cut is None or whole else head[:len(head) // 2])
        if whole:
            self._send_body(answer, answer.length if cut is None else cut)

    def _send_body(self, answer, left):
        self.wfile.write(answer.body[:left])
        for path, offset, size in answer.pieces:
            with open(path, "rb") as file:
                self.wfile.flush()
                count = min(size, left)
                left -= count
                if count:
                    self.connection.sendfile(file, offset, count)

    def reset(self):
        """Ends the connection by RST. Through TLS the client sees it closed without an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The handler's files hold the socket open; without this it would be closed in the ordinary way.
        self.rfile.close()
        self.connection.close()

    # Requests

    def _store(self):
        """The kind of store that the request is for, or None."""
        return next((store for store in self.stores if store.mine(self)), None)

    def handle_expect_100(self):
        # A store looks at the head first, as the real ones do: what they refuse is not sent at all.
        return True if self._store() else super().handle_expect_100()

    def go_on(self):
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(iter(self._chunk, b""))
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            raise ValueError("body too large")
        return self.rfile.read(length)

    def _chunk(self):
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def do_GET(self):
        """Whatever is no POST. A body is read all the same: it would be taken for the next request."""
        store = self._store()
        if store:
            return store(self).serve()
        url = urlsplit(self.path)
        path = url.path
        try:
            self.body()
        except ValueError:
            return self._unreadable()
        if path.startswith("/control/"):
            return control.answer(self, self.command, path, parse_qs(url.query, keep_blank_values=True))
        known = oauth.discover(path, f"{'https' if self.server.context else 'http'}://{self.headers.get('Host', '')}")
        if known:
            return self.reply(200, known)
        if path in self.server.handlers:
            return self.refuse(405, "METHOD_NOT_ALLOWED", f"HTTP method {self.command} is not supported here.", {"Allow": "POST"})
        return self.refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.command} {path}'")

    def do_POST(self):
        store = self._store()
        if store:
            return store(self).serve()
        url = urlsplit(self.path)
        try:
            body = self.body()
        except ValueError:
            return self._unreadable()
        if url.path.startswith("/control/"):
            return control.answer(self, "POST", url.path, parse_qs(url.query, keep_blank_values=True), body)
        if url.path == oauth.TOKEN_PATH:
            return self._token(body)
        handlers = self.server.handlers.get(url.path)
        if handlers is None:
            return self.refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for 'POST {url.path}'")
        if not self.authorized():
            return self._unauthorized("Credential was not sent or was of an unsupported type for this API.")
        try:
            call = Call(body)
        except Exception:       # whatever the decoder stumbles over, the client sent it
            return self.refuse(400, "BAD_REQUEST", "The body is not a Thrift call.")
        return self._call(call, handlers)

    do_DELETE = do_PUT = do_PATCH = do_HEAD = do_GET

    def _unreadable(self):
        self.close_connection = True
        return self.refuse(400, "BAD_REQUEST", "The body cannot be read.")

    def authorized(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        workspace, token = self.server.workspace, token.strip()
        return scheme.lower() == "bearer" and (any(oauth.same(token, known) for known in workspace.tokens) or workspace.oauth.knows(token))

    def _unauthorized(self, text):
        self.reply(401, {"error_code": 401, "message": f"{text} [ReqId: {uuid.uuid4()}]"}, headers={
            "www-authenticate": 'Bearer realm="DatabricksRealm"', "x-databricks-reason-phrase": text})

    def _token(self, body):
        """A request for an OAuth token, and its faults."""
        workspace = self.server.workspace
        rule = workspace.faults.find(TOKEN_RPC, None, "oidc")
        entry = {"time": time.time(), "id": str(uuid.uuid4()), "rpc": TOKEN_RPC, "target": "oidc", "statement": None,
                 "fault": rule.action if rule else None, "executed": False}
        workspace.record(entry)
        if rule and self._before(rule, None):
            return
        entry["executed"] = True
        try:
            status, answer = 200, workspace.oauth.grant(self.headers.get("Authorization", ""), body)
        except oauth.Refused as refused:
            status, answer = refused.status, refused.body
        entry["seconds"] = round(time.time() - entry["time"], 6)
        if rule and rule.action in ("reset_after", "stall"):
            return self.reset() if rule.action == "reset_after" else self.stall()
        if rule and rule.action == "cut":
            data = json.dumps(answer).encode()
            return self._cut(data, rule.given.get("bytes", len(data) // 2), "application/json")
        self.reply(status, answer, headers={"Cache-Control": "no-store"})

    # Calls

    def _call(self, call, handlers):
        workspace = self.server.workspace
        workspace.expire()
        entry = log_entry(call, workspace, handlers.target)
        rule = workspace.faults.find(call.name, entry["statement"], handlers.target)
        entry["fault"] = rule.action if rule else None
        workspace.record(entry)
        handle = getattr(call.request, "operationHandle", None)
        if handle and workspace.was_evicted(handle):
            return self._evicted()
        if rule and self._before(rule, call):
            return
        entry["executed"] = True
        answer = call.execute(handlers)
        entry["seconds"] = round(time.time() - entry["time"], 6)
        self._answer(call, answer, rule)

    def _before(self, rule, call):
        """Acts before the call is executed; whether that was all."""
        action, given = rule.action, rule.given
        if action == "status":
            self.reply(given["status"], given.get("body", "").encode(), headers=given.get("headers", {}))
        elif action == "cold_start":
            self.refuse(503, "TEMPORARILY_UNAVAILABLE", "The compute is starting.", {"Retry-After": given.get("retry_after", 1)})
        elif action == "expired_token":
            self.server.workspace.oauth.expire()
            self._unauthorized("Token is expired.")
        elif action == "reset_before":
            self.reset()
        elif action == "stall" and not given.get("executed"):
            self.stall()
        elif action == "garbage":
            self.reply(200, given.get("body", PAGE).encode(), "text/html")
        elif action == "exception":
            self._send(call.refuse(given.get("type", TApplicationException.INTERNAL_ERROR), given.get("message", "Internal error")))
        elif action == "invalid_handle":
            self._send(call.encode(call.invalid()))
        elif action == "refuse":
            self._send(call.encode(call.failed(given)))
        elif action == "empty_page":
            self._send(call.encode(damage.empty_page(call.request)))
        elif action == "evicted":
            self._evict(call)
        else:
            if action in ("delay", "slow_page"):
                time.sleep(given["seconds"])
            if action == "slow_page":
                damage.limit(call.request, given["rows"])
            if action == "lost_session":
                self._lose_session(call)
            return False
        return True

    def _answer(self, call, answer, rule):
        """Answers a call that was executed, in the way the rule wants it."""
        action, given = (rule.action, rule.given) if rule else (None, {})
        if action == "alter":
            damage.alter(answer, given.get("set", {}), given.get("add", {}))
        elif action == "short_page":
            damage.shorten(answer)
        if action == "reset_after":
            self.reset()
        elif action == "stall":
            self.stall()
        elif action == "cut":
            body = call.encode(answer)
            self._cut(body, given.get("bytes", len(body) // 2))
        elif action == "sequence":
            self._send(call.encode(answer, sequence=call.sequence + 1))
        elif action == "method":
            self._send(call.encode(answer, name="GetFunctions"))
        elif action == "unknown_fields":
            self._send(call.encode(answer, encoding=damage.UnknownFields))
        else:
            if action == "down":
                self.server.go_down(given["seconds"])
                self.close_connection = True
            self._send(call.encode(answer))

    def _send(self, body):
        self.reply(200, body, THRIFT, headers={"Connection": "close"} if self.close_connection else {})

    def _operation(self, call):
        handle = getattr(call.request, "operationHandle", None)
        return self.server.workspace.operation(handle) if handle else None

    def _lose_session(self, call):
        workspace, handle = self.server.workspace, getattr(call.request, "sessionHandle", None)
        operation = self._operation(call)
        session = workspace.session(handle) if handle else operation.session if operation else None
        if session:
            workspace.drop_session(session)

    def _evict(self, call):
        operation = self._operation(call)
        if operation:
            self.server.workspace.evict(operation)
        self._evicted()

    def _evicted(self):
        self.refuse(404, "RESOURCE_DOES_NOT_EXIST", "The operation does not exist any more.")

    def stall(self):
        """Keeps silent until the client closes the connection, which is the only thing that can still come over it."""
        wait = select.poll()
        wait.register(self.connection, select.POLLIN)
        wait.poll()
        self.close_connection = True

    def _cut(self, answer, size, kind=THRIFT):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[:size])
        self.close_connection = True
