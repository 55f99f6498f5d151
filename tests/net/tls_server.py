"""HTTPS on 127.0.0.1 for test_tls.c: tls_server.py FOLDER, which holds good.pem, expired.pem and server.key.

Prints the ports of three servers (good certificate, expired certificate, proxy that takes CONNECT and is the server behind
itself), then a line "closed" for each connection closed on request of /bye or /leave. Ends when standard input ends.
"""
import os
import socket
import ssl
import sys
import threading

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
lost = 0


def read_head(conn):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = conn.recv(1)
        if not byte:
            return None
        head += byte
    return head.decode("latin-1")


def read_request(conn):
    """The path of a whole request, or None when the client went away."""
    head = read_head(conn)
    if head is None:
        return None
    left = 0
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            left = int(value)
    while left > 0:
        got = len(conn.recv(left))
        if got == 0:
            return None
        left -= got
    return head.split(" ")[1]


def goodbye(conn):
    conn.setblocking(False)
    try:
        conn.unwrap()
    except OSError:
        pass  # sent; nobody waits for the other side's


def talk(conn, connect_head):
    """Answers until the connection is to be closed; true when the test wants to know that it was."""
    global lost
    while True:
        path = read_request(conn)
        if path is None:
            return False
        if path.startswith("/lost"):
            lost += 1
            if path == "/lost-bye":
                goodbye(conn)
            return False
        body = {"/count": str(lost), "/seen": connect_head}.get(path, "ok").encode("latin-1")
        conn.sendall(OK % (len(body), body))
        if path in ("/bye", "/leave"):
            if path == "/bye":
                goodbye(conn)
            return True


def serve(raw, context, proxy):
    tell = False
    conn = raw
    try:
        connect_head = ""
        if proxy:
            connect_head = read_head(raw)
            raw.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        conn = context.wrap_socket(raw, server_side=True)
        tell = talk(conn, connect_head)
    except OSError:
        pass
    conn.close()
    if tell:
        print("closed", flush=True)


def accept(listener, context, proxy):
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=serve, args=(raw, context, proxy), daemon=True).start()


def start(folder, certificate, proxy=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, certificate), os.path.join(folder, "server.key"))
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener, context, proxy), daemon=True).start()
    return listener.getsockname()[1]


def main():
    folder = sys.argv[1]
    ports = [start(folder, "good.pem"), start(folder, "expired.pem"), start(folder, "good.pem", proxy=True)]
    print(*ports, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
