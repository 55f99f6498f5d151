"""Stands before the server and loses pages: the server has sent them, and nobody gets them."""

import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread


class Proxy:
    def __init__(self, port, lose):
        """lose(number of the page from 1, its bytes, pages lost so far): whether this one is lost."""
        self.upstream, self.lose = port, lose
        self.seen, self.lost, self.lock = 0, 0, Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy.handle(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        Thread(target=self.server.serve_forever, daemon=True).start()

    def is_lost(self, request, answer):
        with self.lock:
            if b"FetchResults" not in request[:64]:
                return False
            self.seen += 1
            lost = self.lose(self.seen, len(answer), self.lost)
            self.lost += lost
            return lost

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=120)
        upstream.request("POST", request.path, body, {"Authorization": request.headers["Authorization"], "Content-Type": "application/x-thrift"})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if self.is_lost(body, content):
            request.close_connection = True
            return
        request.send_response(answer.status)
        request.send_header("Content-Type", "application/x-thrift")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.server.shutdown()
        self.server.server_close()
