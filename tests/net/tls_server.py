"""HTTPS servers and proxies on 127.0.0.1 that are right and wrong in all ways: tls_server.py FOLDER.

Makes an authority (FOLDER/ca.pem) and certificates, prints one line of NAME=PORT, and serves until standard input ends:

    good, expired, future, self     what their certificates are; made out to 127.0.0.1, so that localhost is a wrong name
    old, plain                      a server that knows no TLS above 1.1, and one that knows none
    eof, reset                      close the connection in the middle of the handshake
    upset                           answers the handshake with the alert internal_error, as a server does that is short of something
    proxy                           takes CONNECT and is the server behind itself; GET /seen answers the CONNECT that it got
    strict                          as proxy, for `user` with `pass word` only: 407 to others
    closed, broken                  proxies that answer 403 and 502 to everybody
    dying, dead                     proxies that close during CONNECT, and behind it, in the handshake
    tunnel                          a proxy that leads on to any port of 127.0.0.1; prints "tunnel HOST:PORT"
    flaky                           as tunnel, but dies when its second connection has carried 200,000 bytes to the client

Prints a line "closed" for each connection closed on request of /bye or /leave.
"""
import base64
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import warnings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
CREDENTIALS = "Proxy-Authorization: Basic " + base64.b64encode(b"user:pass word").decode()
CERTIFICATES = """
set -e
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $key -keyout ca.key -out ca.pem -subj /CN=test-ca -days 2
openssl req $key -keyout server.key -out server.csr -subj /CN=test-server
echo subjectAltName=IP:127.0.0.1 >extensions
sign='openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions'
$sign -days 2 -out good.pem
$sign -days -1 -out expired.pem
openssl x509 -req -in server.csr -signkey server.key -extfile extensions -days 2 -out self.pem
# Only `openssl ca` can date a certificate ahead.
touch index
echo 77 >serial
echo '[ca]
default_ca = one
[one]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied' >ca.conf
openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in server.csr -extfile extensions -out future.pem -notext \\
    -startdate 20900101000000Z -enddate 20910101000000Z
"""
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


def close(conn):
    """At once, and for the other side at once too: a thread may still be reading from it."""
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    conn.close()


# Servers: each is given a connection, and leaves it to be closed.

def secure(context, conn, connect_head=""):
    conn = context.wrap_socket(conn, server_side=True)
    tell = talk(conn, connect_head)
    conn.close()
    if tell:
        print("closed", flush=True)


def plain(conn):
    conn.recv(4096)
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def upset(conn):
    conn.recv(4096)
    conn.sendall(bytes([21, 3, 3, 0, 2, 2, 80]))


def reset(conn):
    conn.recv(4096)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answer(conn, status):
    conn.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")


def proxy(conn, server=None, refusal=None, credentials=None):
    """Takes CONNECT; behind it is `server`, or nothing."""
    head = read_head(conn)
    if refusal:
        return answer(conn, refusal)
    if credentials and credentials not in head:
        return answer(conn, b"407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"")
    answer(conn, b"200 Connected")
    return server(conn, head)


def pump(source, target, most=None):
    try:
        while data := source.recv(65536):
            target.sendall(data)
            most = most and most - len(data)
            if most and most <= 0:
                close(source)
                break
    except OSError:
        pass
    close(target)


def tunnel(conn, limits=()):
    """limits: bytes to the client, of the first connection, the second..."""
    target = read_head(conn).split(" ")[1]
    print("tunnel", target, flush=True)
    behind = socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])))
    answer(conn, b"200 Connected")
    back = threading.Thread(target=pump, args=(behind, conn, limits.pop(0) if limits else None), daemon=True)
    back.start()
    pump(conn, behind)
    back.join()


def start(server, *arguments):
    def serve(conn):
        try:
            server(conn, *arguments)
        except OSError:
            pass
        conn.close()

    def accept():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, "server.key")
    return made


def old_context():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made = context("good.pem")
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        return made


def main():
    os.chdir(sys.argv[1])
    subprocess.run(["sh", "-c", CERTIFICATES], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    good = context("good.pem")
    behind = lambda conn, head: secure(good, conn, head)  # noqa: E731
    ports = {name: start(lambda conn, of=context(name + ".pem"): secure(of, conn)) for name in ("good", "expired", "future", "self")}
    ports |= {"old": start(lambda conn, of=old_context(): secure(of, conn)), "plain": start(plain), "reset": start(reset), "upset": start(upset),
              "eof": start(lambda conn: conn.recv(4096)), "proxy": start(proxy, behind), "tunnel": start(tunnel), "flaky": start(tunnel, [None, 200_000]),
              "strict": start(proxy, behind, None, CREDENTIALS), "closed": start(proxy, None, b"403 Forbidden"),
              "broken": start(proxy, None, b"502 Bad Gateway"), "dying": start(read_head),
              "dead": start(proxy, lambda conn, head: conn.recv(4096))}
    print(*(f"{name}={port}" for name, port in ports.items()), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
