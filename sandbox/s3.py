"""S3 over HTTP: what is asked of it, by whom, and its answers. Path style under /s3/, or the bucket in the name of the host."""

import base64
import hashlib
import re
import time
import uuid
from email.utils import formatdate
from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from . import signature
from .s3_store import Object, Part, Store
from .storage import Answer, Crc32, Refusal, StorageCall, encoded, ranged

PREFIX = "/s3/"
HOSTS = (".localhost", ".s3.test")
SMALLEST_PART = 5 << 20
MOST_PARTS = 10_000
LONGEST_KEY = 1024
PAGE = 1000
LARGEST_LIST = 8 << 20          # bytes of the XML that names the parts
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
KEPT = {"content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires"}
# What a request may carry of S3's own headers; any other would ask for something that does not happen here.
KNOWN = {"x-amz-" + name for name in ("date", "content-sha256", "security-token", "user-agent", "checksum-crc32", "checksum-algorithm",
                                      "checksum-type", "checksum-mode", "sdk-checksum-algorithm", "mp-object-size")}
# What is asked of (an object or a bucket, method, subresource): the call's name, and the parameters it takes.
CALLS = {
    ("object", "PUT", None): ("PutObject", ()), ("object", "GET", None): ("GetObject", ()), ("object", "HEAD", None): ("HeadObject", ()),
    ("object", "DELETE", None): ("DeleteObject", ()), ("object", "POST", "uploads"): ("CreateMultipartUpload", ()),
    ("object", "PUT", "uploadId"): ("UploadPart", ("partNumber",)), ("object", "POST", "uploadId"): ("CompleteMultipartUpload", ()),
    ("object", "DELETE", "uploadId"): ("AbortMultipartUpload", ()),
    ("object", "GET", "uploadId"): ("ListParts", ("max-parts", "part-number-marker")),
    ("bucket", "GET", "list-type"): ("ListObjectsV2", ("prefix", "delimiter", "max-keys", "start-after", "continuation-token",
                                                       "encoding-type", "fetch-owner")),
    ("bucket", "GET", "uploads"): ("ListMultipartUploads", ("prefix", "max-uploads", "key-marker", "upload-id-marker", "encoding-type")),
}
WRITES = {"PUT", "POST", "DELETE"}
FAILURES = {503: ("SlowDown", "Please reduce your request rate."),
            500: ("InternalError", "We encountered an internal error. Please try again."),
            403: ("AccessDenied", "Access Denied"), 404: ("NoSuchKey", "The specified key does not exist."),
            412: ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
            409: ("ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation."),
            400: ("RequestTimeout", "Your socket connection was not read from or written to within the timeout period.")}


class S3:
    """The objects, the keys that open them, and a clock that a test may set wrong."""

    def __init__(self, folder, keys):
        self.store, self.keys, self.clock = Store(folder), signature.KeyRing(keys), 0

    def now(self):
        return time.time() + self.clock


def element(name, *content):
    """XML of an element: content is text, or elements made by this function."""
    inner = "".join(part if isinstance(part, Xml) else escape(str(part), {'"': "&quot;", "\r": "&#13;"}) for part in content)
    return Xml(f"<{name}>{inner}</{name}>")


class Xml(str):
    pass


def elements(**content):
    return [element(name, value) for name, value in content.items() if value is not None]


def document(root):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()


def xml(name, *content):
    root = element(name, *content).replace(">", f' xmlns="{NAMESPACE}">', 1)
    return Answer(200, document(root), {"Content-Type": "application/xml"})


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03}Z"


def virtual_bucket(handler):
    """The bucket that the name of the host begins with, or None."""
    host = handler.headers.get("Host", "").rpartition(":")[0] or handler.headers.get("Host", "")
    return next((host.removesuffix(end) for end in HOSTS if host.endswith(end)), None)


def number(params, name, default, least=0):
    text = params.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < least:
        raise Refusal(400, "InvalidArgument", f"Provided {name} not an integer or within integer range",
                      ArgumentName=name, ArgumentValue=text)
    return int(text)


def decoded(value, size, refusal):
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        raise refusal from None
    if len(digest) != size:
        raise refusal
    return digest


def no_upload():
    return Refusal(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                   "aborted or completed.")


def not_so(condition):
    return Refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", Condition=condition)


def asked_parts(body):
    """[(number, etag, crc32 or None)] of a request to complete an upload."""
    malformed = Refusal(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
    try:
        root = ElementTree.fromstring(body)
        parts = []
        for part in root:
            fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in part}
            parts.append((int(fields["PartNumber"]), fields["ETag"].strip('"'), fields.get("ChecksumCRC32")))
    except (ElementTree.ParseError, KeyError, ValueError):
        raise malformed from None
    if not parts or len(parts) > MOST_PARTS:
        raise malformed
    return parts


class S3Call(StorageCall):
    def __init__(self, handler):
        super().__init__(handler)
        self.s3 = self.workspace.s3
        self.store = self.s3.store
        # The request line as it came: the handler's own path has lost what stands twice at its beginning.
        self.path, _, query = handler.requestline.split()[1].partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        self.pairs, self.params = pairs, dict(pairs)
        bucket = virtual_bucket(handler)
        place = self.path.removeprefix("/" if bucket else PREFIX)
        self.bucket, self.key = (bucket, place) if bucket else place.partition("/")[::2]
        self.key = unquote_to_bytes(self.key)
        self.subresource = next((name for name in ("uploadId", "uploads", "list-type") if name in self.params), None)
        self.call, self.takes = CALLS.get(("object" if self.key else "bucket", self.method, self.subresource), ("Unknown", ()))
        self.rpc, self.target = f"S3.{self.call}", f"{self.bucket}/{self.key.decode(errors='replace')}"

    @staticmethod
    def mine(handler):
        return handler.path.startswith(PREFIX) or virtual_bucket(handler) is not None

    def now(self):
        return self.s3.now()

    # Refusals

    def refused(self, refusal):
        request = uuid.uuid4().hex[:16].upper()
        body = document(element("Error", *elements(Code=refusal.code, Message=refusal.message, **refusal.details, Resource=self.path,
                                                   RequestId=request)))
        return Answer(refusal.status, body, {"Content-Type": "application/xml", "x-amz-request-id": request, **refusal.headers})

    def failure(self, status):
        return FAILURES.get(status, ("InternalError", "The fault script asked for this."))

    def expire(self):
        self.s3.keys.expire(self.signer)
        return signature.expired()

    # Checks

    def check(self):
        self.signer = signature.verify(self.s3.keys, self.method, unquote_to_bytes(self.path), self.pairs, self.headers, self.now())
        self._check_known()
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", self.bucket):
            raise Refusal(400, "InvalidBucketName", "The specified bucket is not valid.", BucketName=self.bucket)
        if self.bucket.startswith("missing"):
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=self.bucket)
        if self.bucket.startswith("readonly") and self.method in WRITES:
            raise Refusal(403, "AccessDenied", "Access Denied")
        if len(self.key) > LONGEST_KEY:
            raise Refusal(400, "KeyTooLongError", "Your key is too long", Size=len(self.key), MaxSizeAllowed=LONGEST_KEY)
        try:
            self.key.decode()
        except UnicodeDecodeError:
            raise Refusal(400, "InvalidURI", "Couldn't parse the specified URI.") from None
        self._check_body()

    def _check_known(self):
        """What the sandbox does not know is refused by name: a silent success would prove nothing."""
        if self.call == "Unknown":
            raise Refusal(501, "NotImplemented", f"The sandbox does not support {self.method} with {sorted(self.params)} here.")
        unknown = sorted(set(self.params) - {self.subresource, "x-id", *self.takes})
        given = {name.lower() for name in self.headers} - KNOWN
        unknown += sorted(name for name in given if name.startswith("x-amz-") and not name.startswith("x-amz-meta-"))
        unknown += [name for name in ("if-modified-since", "if-unmodified-since") if name in self.headers]
        if "if-match" in self.headers and self.method not in ("GET", "HEAD"):
            unknown.append("if-match of this kind")
        condition = self.headers.get("if-none-match")
        if condition is not None and (condition != "*" or self.call not in ("PutObject", "CompleteMultipartUpload")):
            unknown.append("if-none-match of this kind")
        if unknown:
            raise Refusal(501, "NotImplemented", f"The sandbox does not support {', '.join(unknown)}.")

    def _check_body(self):
        if self.body.chunked:
            raise Refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented: Transfer-Encoding")
        if self.method == "PUT" and not self.body.known:
            raise Refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        if self.body.too_large:
            raise Refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")

    # Bodies

    def _wanted(self):
        """What the body has to come to, by the request's own headers: (hash, digest, what is said otherwise)."""
        bad = "The {} you specified did not match what we received."
        wanted = {}
        if self.headers.get("x-amz-content-sha256") != signature.UNSIGNED:
            wanted["sha256"] = (hashlib.sha256(), bytes.fromhex(self.headers["x-amz-content-sha256"]), Refusal(
                400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."))
        if "content-md5" in self.headers:
            digest = decoded(self.headers["content-md5"], 16, Refusal(400, "InvalidDigest", "The Content-MD5 you specified was invalid."))
            wanted["content-md5"] = (hashlib.md5(usedforsecurity=False), digest, Refusal(400, "BadDigest", bad.format("Content-MD5")))
        if "x-amz-checksum-crc32" in self.headers and self.call != "CompleteMultipartUpload":
            digest = decoded(self.headers["x-amz-checksum-crc32"], 4, Refusal(
                400, "InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid."))
            wanted["crc32"] = (Crc32(), digest, Refusal(400, "BadDigest", bad.format("CRC32")))
        return wanted

    @staticmethod
    def _compare(wanted):
        for known, digest, refusal in wanted.values():
            if known.digest() != digest:
                raise refusal

    def _save(self):
        """Puts the body into a file: its name, its size, its MD5 in hex, its CRC-32 if the client sent that."""
        wanted = self._wanted()
        md5 = wanted["content-md5"][0] if "content-md5" in wanted else hashlib.md5(usedforsecurity=False)
        path, size = self.body.save(self.store.data, [md5, *(known for name, (known, *_) in wanted.items() if name != "content-md5")])
        try:
            self._compare(wanted)
        except Refusal:
            path.unlink()
            raise
        return path.name, size, md5.hexdigest(), self.headers.get("x-amz-checksum-crc32")

    def _read(self, largest):
        """A small body, as bytes."""
        if self.body.length > largest:
            raise Refusal(400, "MaxMessageLengthExceeded", "Your request was too big.")
        wanted, data = self._wanted(), b"".join(self.body.blocks())
        for known, *_ in wanted.values():
            known.update(data)
        self._compare(wanted)
        return data

    def _kept(self):
        given = {name.lower(): value for name, value in self.headers.items()}
        return {name: value for name, value in given.items() if name in KEPT or name.startswith("x-amz-meta-")}

    def _only_new(self):
        return "if-none-match" in self.headers

    # Objects

    def execute(self):
        return getattr(self, "_" + re.sub("([a-z])([A-Z])", r"\1_\2", self.call).lower().replace("_v2", ""))()

    def _put_object(self):
        name, size, etag, crc32 = self._save()
        made = Object(size, etag, crc32, "FULL_OBJECT" if crc32 else None, time.time(), self._kept(), [[name, size]])
        if not self.store.put(self.bucket, self.key, made, self._only_new()):
            (self.store.data / name).unlink()
            raise not_so("If-None-Match")
        return Answer(200, headers={"ETag": f'"{etag}"', **checksum(made)})

    def _found(self):
        found = self.store.find(self.bucket, self.key)
        if found is None:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.", Key=self.key.decode())
        if self.headers.get("if-match", "*").strip('"') not in ("*", found.etag):
            raise not_so("If-Match")
        headers = {"ETag": f'"{found.etag}"', "Last-Modified": formatdate(found.modified, usegmt=True), "Accept-Ranges": "bytes",
                   "Content-Type": "binary/octet-stream", **found.headers}
        if "content-type" in headers:
            headers["Content-Type"] = headers.pop("content-type")
        if self.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and "range" not in self.headers:
            headers.update(checksum(found))
        return found, headers

    def _get_object(self):
        found, headers = self._found()
        try:
            return ranged(self.headers.get("range"), self.store.paths(found.files), headers)
        except ValueError:
            raise Refusal(416, "InvalidRange", "The requested range is not satisfiable", {"Content-Range": f"bytes */{found.size}"},
                          RangeRequested=self.headers["range"], ActualObjectSize=found.size) from None

    _head_object = _get_object

    def _delete_object(self):
        self.store.remove(self.bucket, self.key)
        return Answer(204)

    # Lists

    def _shown(self, key):
        """A key, or a part of one, in the text of a list."""
        text = key.decode()
        return quote_plus(text, safe="/") if self.params.get("encoding-type") == "url" else text

    def _prefix(self):
        return self.params.get("prefix", "").encode()

    def _after(self):
        token = self.params.get("continuation-token")
        if token is None:
            return self.params.get("start-after", "").encode()
        try:
            return base64.urlsafe_b64decode(token.encode())
        except ValueError:
            raise Refusal(400, "InvalidArgument", "The continuation token provided is incorrect",
                          ArgumentName="continuation-token") from None

    def _entries(self, prefix, delimiter, after):
        """What a list shows, in order: (key or common prefix, row or None)."""
        last = None
        for row in self.store.list(self.bucket, prefix, after):
            end = row[0].find(delimiter, len(prefix)) if delimiter else -1
            if end < 0:
                yield row[0], row
                continue
            common = row[0][:end + len(delimiter)]
            # A page that ended with a common prefix goes on behind all that has it.
            if common not in (last, after):
                yield common, None
            last = common

    def _list_objects(self):
        if self.params["list-type"] != "2":
            raise Refusal(501, "NotImplemented", "The sandbox supports list-type=2 only.")
        most, prefix, delimiter = min(number(self.params, "max-keys", PAGE), PAGE), self._prefix(), self.params.get("delimiter", "").encode()
        page, truncated = [], False
        for entry in self._entries(prefix, delimiter, self._after()):
            if len(page) == most:
                truncated = most > 0
                break
            page.append(entry)
        token = base64.urlsafe_b64encode(page[-1][0]).decode() if truncated else None
        head = elements(Name=self.bucket, Prefix=self._shown(prefix), Delimiter=self._shown(delimiter) if delimiter else None,
                        EncodingType=self.params.get("encoding-type"), KeyCount=len(page), MaxKeys=most,
                        IsTruncated=str(truncated).lower(), ContinuationToken=self.params.get("continuation-token"),
                        NextContinuationToken=token)
        return xml("ListBucketResult", *head, *(self._entry(name, row) for name, row in page))

    def _entry(self, name, row):
        if row is None:
            return element("CommonPrefixes", element("Prefix", self._shown(name)))
        _, size, etag, modified, checksum_type = row
        kind = {"ChecksumAlgorithm": "CRC32", "ChecksumType": checksum_type} if checksum_type else {}
        return element("Contents", *elements(Key=self._shown(name), LastModified=instant(modified), ETag=f'"{etag}"', **kind, Size=size,
                                             StorageClass="STANDARD"))

    def _list_multipart_uploads(self):
        most, prefix = min(number(self.params, "max-uploads", PAGE), PAGE), self._prefix()
        marker, upload_marker = self.params.get("key-marker", "").encode(), self.params.get("upload-id-marker", "")
        known = self.store.uploads(self.bucket, prefix)
        passed = next((at for at, upload in enumerate(known) if (upload.key, upload.id) == (marker, upload_marker)), None)
        rest = known[passed + 1:] if passed is not None else [upload for upload in known if upload.key > marker]
        page, truncated = rest[:most], len(rest) > most > 0
        last = {"NextKeyMarker": self._shown(page[-1].key), "NextUploadIdMarker": page[-1].id} if truncated else {}
        head = elements(Bucket=self.bucket, KeyMarker=self._shown(marker), UploadIdMarker=upload_marker, Prefix=self._shown(prefix), **last,
                        EncodingType=self.params.get("encoding-type"), MaxUploads=most, IsTruncated=str(truncated).lower())
        return xml("ListMultipartUploadsResult", *head, *(element("Upload", *elements(
            Key=self._shown(upload.key), UploadId=upload.id, StorageClass="STANDARD", Initiated=instant(upload.begun))) for upload in page))

    # Uploads in parts

    def _create_multipart_upload(self):
        self._read(0)
        algorithm = self.headers.get("x-amz-checksum-algorithm")
        if algorithm not in (None, "CRC32"):
            raise Refusal(501, "NotImplemented", f"The sandbox does not support the checksum algorithm {algorithm}.")
        kind = self.headers.get("x-amz-checksum-type", "COMPOSITE" if algorithm else None)
        if kind not in (None, "COMPOSITE", "FULL_OBJECT") or (kind and not algorithm):
            raise Refusal(400, "InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
        upload = self.store.begin(self.bucket, self.key, kind, self._kept())
        answer = xml("InitiateMultipartUploadResult", *elements(Bucket=self.bucket, Key=self.key.decode(), UploadId=upload))
        answer.headers.update({"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind} if algorithm else {})
        return answer

    def _upload(self, also_complete=False):
        found = self.store.upload(self.bucket, self.key, self.params["uploadId"])
        if found is None or (found.answer and not also_complete):
            raise no_upload()
        return found

    def _upload_part(self):
        upload, part = self._upload(), number(self.params, "partNumber", "", 1)
        if part > MOST_PARTS:
            raise Refusal(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive",
                          ArgumentName="partNumber", ArgumentValue=part)
        if upload.checksum_type == "COMPOSITE" and "x-amz-checksum-crc32" not in self.headers:
            raise Refusal(400, "InvalidRequest",
                          "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: null")
        name, size, etag, crc32 = self._save()
        if not self.store.put_part(upload.id, Part(part, size, etag, crc32, time.time(), name)):
            (self.store.data / name).unlink()
            raise no_upload()
        return Answer(200, headers={"ETag": f'"{etag}"', **({"x-amz-checksum-crc32": crc32} if crc32 else {})})

    def _list_parts(self):
        upload, marker = self._upload(), number(self.params, "part-number-marker", 0)
        most = min(number(self.params, "max-parts", PAGE), PAGE)
        rest = [part for part in self.store.parts(upload.id) if part.number > marker]
        page, truncated = rest[:most], len(rest) > most > 0
        kind = {"ChecksumAlgorithm": "CRC32", "ChecksumType": upload.checksum_type} if upload.checksum_type else {}
        head = elements(Bucket=self.bucket, Key=self.key.decode(), UploadId=upload.id, PartNumberMarker=marker, MaxParts=most, **kind,
                        NextPartNumberMarker=page[-1].number if page else None, IsTruncated=str(truncated).lower(), StorageClass="STANDARD")
        return xml("ListPartsResult", *head, *(element("Part", *elements(
            PartNumber=part.number, LastModified=instant(part.modified), ETag=f'"{part.etag}"', Size=part.size,
            ChecksumCRC32=part.crc32)) for part in page))

    def _abort_multipart_upload(self):
        self.store.abort(self._upload())
        return Answer(204)

    def _complete_multipart_upload(self):
        upload, asked = self._upload(also_complete=True), asked_parts(self._read(LARGEST_LIST))
        if upload.answer:
            if upload.answer["asked"] != [[number, etag] for number, etag, _ in asked]:
                raise no_upload()
            return self._completed(upload.answer)
        parts = self._chosen(upload, asked)
        made = self._joined(upload, parts)
        answer = {"asked": [(part.number, part.etag) for part in parts], "etag": made.etag, "crc32": made.crc32,
                  "type": made.checksum_type}
        if not self.store.complete(upload, made, answer, self._only_new()):
            raise not_so("If-None-Match")
        return self._completed(answer)

    def _completed(self, answer):
        return xml("CompleteMultipartUploadResult", *elements(
            Location=f"http://{self.headers.get('Host')}{self.path}", Bucket=self.bucket, Key=self.key.decode(), ETag=f'"{answer["etag"]}"',
            ChecksumCRC32=answer["crc32"], ChecksumType=answer["type"]))

    def _chosen(self, upload, asked):
        """The parts of the upload that the request names, if it names them rightly."""
        numbers = [number for number, *_ in asked]
        if numbers != sorted(set(numbers)):
            raise Refusal(400, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
        known, chosen = {part.number: part for part in self.store.parts(upload.id)}, []
        for at, etag, crc32 in asked:
            part = known.get(at)
            if part is None or part.etag != etag or (crc32 is not None and crc32 != part.crc32):
                raise Refusal(400, "InvalidPart", "One or more of the specified parts could not be found. The part may not have been "
                              "uploaded, or the specified entity tag may not match the part's entity tag.",
                              UploadId=upload.id, PartNumber=at, ETag=etag)
            if upload.checksum_type == "COMPOSITE" and crc32 is None:
                raise Refusal(400, "InvalidRequest", "The upload was created using a crc32 checksum. The complete request must include "
                              f"the checksum for each part. It was missing for part {at} in the request.")
            chosen.append(part)
        for part in chosen[:-1]:
            if part.size < SMALLEST_PART:
                raise Refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", ProposedSize=part.size,
                              MinSizeAllowed=SMALLEST_PART, PartNumber=part.number, ETag=part.etag)
        return chosen

    def _joined(self, upload, parts):
        """The object that the parts make."""
        size, files = sum(part.size for part in parts), [[part.file, part.size] for part in parts]
        etag = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False).hexdigest() + f"-{len(parts)}"
        crc32 = None
        if upload.checksum_type == "COMPOSITE":
            whole = Crc32()
            for part in parts:
                whole.update(base64.b64decode(part.crc32))
            crc32 = f"{encoded(whole.digest())}-{len(parts)}"
        elif upload.checksum_type:
            crc32 = self._whole_crc32(files)
        given = self.headers.get("x-amz-checksum-crc32")
        if given is not None and given != crc32:
            raise Refusal(400, "BadDigest", "The CRC32 you specified did not match the calculated checksum.")
        if "x-amz-mp-object-size" in self.headers and self.headers["x-amz-mp-object-size"] != str(size):
            raise Refusal(400, "InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed.")
        return Object(size, etag, crc32, upload.checksum_type, time.time(), upload.headers, files)

    def _whole_crc32(self, files):
        whole = Crc32()
        for path, _ in self.store.paths(files):
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    whole.update(block)
        return encoded(whole.digest())


def checksum(found):
    return {"x-amz-checksum-crc32": found.crc32, "x-amz-checksum-type": found.checksum_type} if found.crc32 else {}
