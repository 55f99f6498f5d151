"""A client of S3 that can list and read: what a statement's own credentials let it see, asked of the server they are for."""

import hashlib
import hmac
import shutil
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote_plus, urlsplit
from xml.etree import ElementTree

TIMEOUT = 60
EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Keys:
    access: str
    secret: str
    session: str = None

    def __repr__(self):     # into a traceback or a log goes nothing of them
        return "Keys(...)"


class Refused(Exception):
    """The server's answer, if it is no success."""

    def __init__(self, status, code, text, date=None):
        super().__init__(f"{code}: {text}")
        self.status, self.code, self.text, self.date = status, code, text, date


def escaped(text, safe="-_.~"):
    return quote(text, safe=safe)


class Client:
    """Path style, requests signed by Signature Version 4, with the server's clock where ours is too far from it."""

    def __init__(self, endpoint, keys, region="us-east-1", ca_file=None):
        self._endpoint, self._keys, self._region = urlsplit(endpoint.rstrip("/")), keys, region
        self._context = ssl.create_default_context(cafile=ca_file) if self._endpoint.scheme == "https" else None
        self._ahead = timedelta()

    def _signature(self, path, query, headers, stamp):
        names = ";".join(sorted(headers))
        listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = "\n".join(["GET", path, query, listed, names, EMPTY])
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + self._keys.secret).encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return (f"AWS4-HMAC-SHA256 Credential={self._keys.access}/{scope}, SignedHeaders={names}, Signature={key.hex()}")

    def _get(self, bucket, key="", **parameters):
        try:
            return self._get_once(bucket, key, parameters)
        except Refused as error:
            if error.code != "RequestTimeTooSkewed" or error.date is None:
                raise
            self._ahead = parsedate_to_datetime(error.date) - datetime.now(timezone.utc)
        return self._get_once(bucket, key, parameters)

    def _get_once(self, bucket, key, parameters):
        path = f"{self._endpoint.path}/{escaped(bucket)}{'/' + escaped(key, '-_.~/') if key else ''}"
        query = "&".join(f"{escaped(name.replace('_', '-'))}={escaped(value)}" for name, value in sorted(parameters.items()))
        stamp = (datetime.now(timezone.utc) + self._ahead).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": self._endpoint.netloc, "x-amz-content-sha256": EMPTY, "x-amz-date": stamp}
        if self._keys.session:
            headers["x-amz-security-token"] = self._keys.session
        headers["authorization"] = self._signature(path, query, headers, stamp)
        url = f"{self._endpoint.scheme}://{self._endpoint.netloc}{path}{'?' + query if query else ''}"
        try:
            return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT, context=self._context)
        except urllib.error.HTTPError as error:
            raise refused(error) from None

    def list(self, bucket, prefix, deep):
        """Keys and sizes below a prefix; without `deep` those with no further `/`."""
        parameters = {"list_type": "2", "prefix": prefix, "encoding_type": "url", **({} if deep else {"delimiter": "/"})}
        while True:
            with self._get(bucket, **parameters) as answer:
                page = ElementTree.parse(answer).getroot()
            for node in page.iter():
                node.tag = node.tag.rpartition("}")[2]
            for item in page.findall("Contents"):
                yield unquote_plus(item.findtext("Key")), int(item.findtext("Size"))
            if page.findtext("IsTruncated") != "true":
                return
            parameters["continuation_token"] = page.findtext("NextContinuationToken")

    def read(self, bucket, key, path):
        """Copies an object into a file; its size, or None if there is no such object."""
        try:
            with self._get(bucket, key) as answer, open(path, "wb") as file:
                shutil.copyfileobj(answer, file)
                return file.tell()
        except Refused as error:
            if error.code != "NoSuchKey":
                raise
            return None


def refused(error):
    """S3's errors are XML. What is none gets its name from the status alone."""
    with error:
        body = error.read()
    try:
        root = ElementTree.fromstring(body)
        return Refused(error.code, root.findtext("Code") or str(error.code), root.findtext("Message") or error.reason, error.headers["Date"])
    except ElementTree.ParseError:
        return Refused(error.code, {403: "AccessDenied"}.get(error.code, str(error.code)), error.reason)
