"""HTTP: paths, authorization, and faults down to the socket."""

import hmac
import json
import socket
import ssl
import struct
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from . import control
from .rpc import Call, Handlers, log_entry

WAREHOUSE, CLUSTER = "/sql/1.0/warehouses/sandbox", "/sql/protocolv1/o/0/sandbox"
LARGEST_BODY = 1 << 30
PAGE = "<html><head><title>502</title></head><body>proxy</body></html>"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, workspace, context=None):
        self.workspace, self.context = workspace, context
        self.handlers = {WAREHOUSE: Handlers(workspace, "warehouse"), CLUSTER: Handlers(workspace, "cluster")}
        super().__init__(("127.0.0.1", port), Handler)

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
        self.wfile.write(body)

    def refuse(self, status, code, message, headers=()):
        self.reply(status, {"error_code": code, "message": message}, headers=headers)

    def reset(self):
        """Ends the connection by RST. Through TLS the client sees it closed without an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The handler's files hold the socket open; without this it would be closed in the ordinary way.
        self.rfile.close()
        self.connection.close()

    # Requests

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
        path = urlsplit(self.path).path
        if path.startswith("/control/"):
            return control.answer(self, "GET", path, {})
        if path in self.server.handlers:
            return self.refuse(405, "METHOD_NOT_ALLOWED", "HTTP method GET is not supported here.", {"Allow": "POST"})
        return self.refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for 'GET {path}'")

    def do_DELETE(self):
        path = urlsplit(self.path).path
        if path.startswith("/control/"):
            return control.answer(self, "DELETE", path, {})
        return self.refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for 'DELETE {path}'")

    def do_POST(self):
        url = urlsplit(self.path)
        try:
            body = self.body()
        except ValueError:
            self.close_connection = True
            return self.refuse(400, "BAD_REQUEST", "The body cannot be read.")
        if url.path.startswith("/control/"):
            return control.answer(self, "POST", url.path, parse_qs(url.query, keep_blank_values=True), body)
        handlers = self.server.handlers.get(url.path)
        if handlers is None:
            return self.refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for 'POST {url.path}'")
        if not self._authorized():
            text = "Credential was not sent or was of an unsupported type for this API."
            return self.reply(401, {"error_code": 401, "message": f"{text} [ReqId: {uuid.uuid4()}]"}, headers={
                "www-authenticate": 'Bearer realm="DatabricksRealm"', "x-databricks-reason-phrase": text})
        try:
            call = Call(body)
        except Exception:       # whatever the decoder stumbles over, the client sent it
            return self.refuse(400, "BAD_REQUEST", "The body is not a Thrift call.")
        return self._call(call, handlers)

    do_PUT = do_PATCH = do_HEAD = do_GET

    def _authorized(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and any(
            hmac.compare_digest(token.strip().encode(), known.encode()) for known in self.server.workspace.tokens)

    # Calls

    def _call(self, call, handlers):
        workspace = self.server.workspace
        entry = log_entry(call, workspace, handlers.target)
        rule = workspace.faults.find(call.name, entry["statement"])
        entry["fault"] = rule.action if rule else None
        workspace.record(entry)
        if rule and self._before(rule, call):
            return
        answer = call.answer(handlers)
        entry["seconds"] = round(time.time() - entry["time"], 6)
        if rule and rule.action == "reset_after":
            return self.reset()
        if rule and rule.action == "cut":
            return self._cut(answer, rule.given.get("bytes", len(answer) // 2))
        self.reply(200, answer, "application/x-thrift; protocol=TBINARY")

    def _before(self, rule, call):
        """Acts before the call is executed; whether that was all."""
        given, workspace = rule.given, self.server.workspace
        if rule.action == "status":
            self.reply(given["status"], given.get("body", "").encode(), headers=given.get("headers", {}))
        elif rule.action == "cold_start":
            self.refuse(503, "TEMPORARILY_UNAVAILABLE", "The compute is starting.", {"Retry-After": given.get("retry_after", 1)})
        elif rule.action == "reset_before":
            self.reset()
        elif rule.action == "garbage":
            self.reply(200, given.get("body", PAGE).encode(), "text/html")
        elif rule.action == "evicted":
            operation = self._operation(call)
            if operation:
                workspace.drop_operation(operation)
            self.refuse(404, "RESOURCE_DOES_NOT_EXIST", "The operation does not exist any more.")
        else:
            if rule.action == "delay":
                time.sleep(given["seconds"])
            elif rule.action == "lost_session":
                self._lose_session(call)
            return False
        return True

    def _operation(self, call):
        handle = getattr(call.request, "operationHandle", None)
        return self.server.workspace.operation(handle) if handle else None

    def _lose_session(self, call):
        workspace, handle = self.server.workspace, getattr(call.request, "sessionHandle", None)
        operation = self._operation(call)
        session = workspace.session(handle) if handle else operation.session if operation else None
        if session:
            workspace.drop_session(session)

    def _cut(self, answer, size):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-thrift; protocol=TBINARY")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[:size])
        self.close_connection = True
