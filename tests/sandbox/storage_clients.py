"""Clients of the sandbox's S3: boto3 as it is, and single requests with a signature made by botocore."""

import hashlib
import http.client
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

KEY = ("sandbox", "sandbox-secret", None)


def s3_client(port, key=KEY, scheme="http", **options):
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30, request_checksum_calculation="when_required"
                    if scheme == "https" else "when_supported")
    return boto3.client("s3", endpoint_url=f"{scheme}://127.0.0.1:{port}/s3", region_name="us-east-1", config=config,
                        aws_access_key_id=key[0], aws_secret_access_key=key[1], aws_session_token=key[2], **options)


class Dated(S3SigV4Auth):
    """botocore's signer, with a clock of its own."""

    late = timedelta()

    def add_auth(self, request):
        request.context["timestamp"] = (datetime.now(timezone.utc) + self.late).strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))

    def payload(self, request):
        return request.context["payload"]


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def error(self):
        return {child.tag: child.text for child in ElementTree.fromstring(self.body)}

    @property
    def code(self):
        return self.error["Code"]


def signed_headers(port, method, path, body=b"", headers=(), key=KEY, region="us-east-1", late=timedelta(), payload=None):
    """Those of a request. `payload` is what the signature says of the body."""
    signer = Dated(Credentials(*key), "s3", region)
    signer.late = late
    request = AWSRequest(method, f"http://127.0.0.1:{port}{path}", dict(headers))
    request.context["payload"] = payload or hashlib.sha256(body).hexdigest()
    signer.add_auth(request)
    return dict(request.headers.items())


def signed(port, method, path, body=b"", headers=(), after=(), connection=None, **options):
    """One request. `after` are headers that are not signed."""
    connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {**signed_headers(port, method, path, body, headers, **options), **dict(after)}
    if method in ("PUT", "POST") and isinstance(body, bytes):
        sent.setdefault("Content-Length", str(len(body)))
    connection.request(method, path, body or None, sent)
    return Answer(connection.getresponse())


def object_path(bucket, key):
    return f"/s3/{bucket}/{quote(key, safe='/~')}"
