"""Who sends a request to S3: Signature Version 4 in the Authorization header, computed anew by botocore's signer."""

import calendar
import hmac
import re
import threading
import time
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .storage import Refusal

REGION = "us-east-1"
LARGEST_SKEW = 15 * 60
UNSIGNED = "UNSIGNED-PAYLOAD"
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 +Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})\s*")


class KeyRing:
    """The keys that are let in: id: (secret, session token or None)."""

    def __init__(self, keys=()):
        self._lock = threading.Lock()
        self._keys, self._expired = {key: rest for key, *rest in keys}, set()

    def add(self, key, secret, token=None):
        with self._lock:
            self._keys[key] = (secret, token)
            self._expired.discard(key)

    def find(self, key):
        """(secret, token), or None."""
        with self._lock:
            return self._keys.get(key)

    def expire(self, key):
        with self._lock:
            if key not in self._keys:
                raise ValueError(f"key {key!r}: unknown")
            self._expired.add(key)

    def expired(self, key):
        with self._lock:
            return key in self._expired


def parse_key(text):
    """ID:SECRET[:SESSION_TOKEN]"""
    key, secret, *token = text.split(":", 2)
    if not key or not secret or token == [""]:
        raise ValueError("ID:SECRET or ID:SECRET:SESSION_TOKEN is wanted")
    return key, secret, *(token or [None])


class Signer(S3SigV4Auth):
    """Signs just the headers that the client says it has signed."""

    def __init__(self, key, secret, signed):
        super().__init__(Credentials(key, secret), "s3", REGION)
        self._signed = signed

    def headers_to_sign(self, request):
        headers = HTTPHeaders()
        for name in self._signed:
            for value in request.headers.get_all(name, ()):
                headers[name] = value
        return headers

    def sign(self, method, path, params, headers, timestamp):
        request = AWSRequest(method, "http://signed" + quote(path, safe="/~"), headers, params=params)
        request.context["timestamp"] = timestamp
        return self.signature(self.string_to_sign(request, self.canonical_request(request)), request)


def malformed(message, **details):
    return Refusal(400, "AuthorizationHeaderMalformed", f"The authorization header is malformed; {message}", **details)


def parse(authorization):
    """Key id, day, the names of the signed headers, and the signature."""
    if not authorization:
        raise Refusal(403, "AccessDenied", "Access Denied")
    if not authorization.startswith("AWS4-"):
        raise Refusal(400, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
    found = AUTHORIZATION.fullmatch(authorization)
    scope = found.group(1).rsplit("/", 4) if found else []
    if len(scope) != 5 or scope[3:] != ["s3", "aws4_request"]:
        raise malformed("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
    if scope[2] != REGION:
        raise malformed(f"the region '{scope[2]}' is wrong; expecting '{REGION}'", headers={"x-amz-bucket-region": REGION}, Region=REGION)
    return scope[0], scope[1], found.group(2).split(";"), found.group(3)


def check_time(timestamp, now):
    if not re.fullmatch(r"\d{8}T\d{6}Z", timestamp):
        raise Refusal(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
    try:
        then = calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refusal(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    if abs(now - then) > LARGEST_SKEW:
        raise Refusal(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
                      RequestTime=timestamp, ServerTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
                      MaxAllowedSkewMilliseconds=LARGEST_SKEW * 1000)


def check_headers(headers, signed):
    if "host" not in signed:
        raise Refusal(403, "AccessDenied", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    loose = sorted({name.lower() for name in headers if name.lower().startswith("x-amz-")} - set(signed))
    if loose:
        raise Refusal(403, "AccessDenied", "There were headers present in the request which were not signed",
                      HeadersNotSigned=", ".join(loose))
    payload = headers.get("x-amz-content-sha256")
    if payload is None:
        raise Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if payload.startswith("STREAMING-"):
        raise Refusal(501, "NotImplemented", f"The sandbox does not support {payload}.")
    if payload != UNSIGNED and not re.fullmatch("[0-9a-f]{64}", payload):
        raise Refusal(400, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid sha256 value.")


def verify(keys, method, path, params, headers, now):
    """Raises a Refusal unless the request is signed, as it is, by one of the keys. Gives the key's id."""
    key, day, signed, given = parse(headers.get("Authorization"))
    known = keys.find(key)
    if known is None:
        raise Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", AWSAccessKeyId=key)
    secret, token = known
    timestamp = headers.get("x-amz-date", "")
    check_time(timestamp, now)
    if day != timestamp[:8]:
        raise malformed(f"Invalid credential date \"{day}\". This date is not the same as X-Amz-Date: \"{timestamp[:8]}\".")
    check_headers(headers, signed)
    sent = headers.get("x-amz-security-token")
    if token and sent is None:
        raise Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", AWSAccessKeyId=key)
    if sent is not None and not (token and hmac.compare_digest(sent.encode(), token.encode())):
        raise Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if keys.expired(key):
        raise expired()
    wanted = Signer(key, secret, signed).sign(method, path, params, headers, timestamp)
    if not hmac.compare_digest(given, wanted):
        raise Refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. "
                      "Check your key and signing method.", AWSAccessKeyId=key)
    return key


def expired():
    return Refusal(400, "ExpiredToken", "The provided token has expired.")
