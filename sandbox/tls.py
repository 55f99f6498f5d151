"""A certificate authority of our own and a certificate for localhost, made anew at each start."""

import ssl
import subprocess
import tempfile
from pathlib import Path

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")


def context(ca_file):
    """A server's TLS context; the authority's certificate goes into `ca_file`."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        _openssl("req", "-x509", *curve, "-keyout", f"{at}/ca.key", "-out", str(ca_file), "-days", "30", "-subj", "/CN=sandbox CA",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", *curve, "-keyout", f"{at}/server.key", "-out", f"{at}/server.csr", "-subj", "/CN=localhost")
        (at / "server.ext").write_text(f"{NAMES}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        _openssl("x509", "-req", "-in", f"{at}/server.csr", "-CA", str(ca_file), "-CAkey", f"{at}/ca.key", "-CAcreateserial",
                 "-CAserial", f"{at}/serial", "-out", f"{at}/server.crt", "-days", "30", "-extfile", f"{at}/server.ext")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.load_cert_chain(f"{at}/server.crt", f"{at}/server.key")
        return made
