"""S3: objects and uploads through boto3, signatures and checks request by request."""

import base64
import hashlib
import http.client
import io
import json
import os
import re
import socket
import urllib.error
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from storage_clients import KEY, object_path, s3_client, signed, signed_headers

MIB = 1 << 20
UNSIGNED = "UNSIGNED-PAYLOAD"
ODD = ["a b", "a+b", "100%", "%20", "ü/€/😀", "x//y", "/x", "../x", "./a/../b", "=&?#", "~*'()!", "back\\slash", "end/", 'quote"<&>',
       "tab\there", "a" * 1024]


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


@pytest.fixture(scope="module")
def client(sandbox):
    return s3_client(sandbox.port)


@pytest.fixture
def bucket():
    return f"b-{uuid.uuid4().hex[:12]}"


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


# Objects

def test_an_object_comes_back(client, bucket):
    data = b"a,b\n1,2\n"
    put = client.put_object(Bucket=bucket, Key="a.csv", Body=data, ContentType="text/csv", Metadata={"run": "7"})
    got = client.get_object(Bucket=bucket, Key="a.csv", ChecksumMode="ENABLED")
    assert got["Body"].read() == data and got["ETag"] == put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"] == crc32(data) and got["ChecksumType"] == "FULL_OBJECT"
    assert got["ContentType"] == "text/csv" and got["Metadata"] == {"run": "7"}
    head = client.head_object(Bucket=bucket, Key="a.csv")
    assert head["ContentLength"] == 8 and "ChecksumCRC32" not in head
    client.delete_object(Bucket=bucket, Key="a.csv")
    client.delete_object(Bucket=bucket, Key="a.csv")
    assert refused(client.get_object, Bucket=bucket, Key="a.csv") == ("NoSuchKey", 404)
    assert refused(client.head_object, Bucket=bucket, Key="a.csv") == ("404", 404)


def test_an_empty_object(client, bucket):
    client.put_object(Bucket=bucket, Key="empty")
    assert client.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_ranges(client, bucket):
    client.put_object(Bucket=bucket, Key="r", Body=b"0123456789")

    def part(asked):
        got = client.get_object(Bucket=bucket, Key="r", Range=asked)
        return got["Body"].read(), got["ContentRange"]
    assert part("bytes=2-4") == (b"234", "bytes 2-4/10")
    assert part("bytes=7-") == part("bytes=-3") == part("bytes=7-99") == (b"789", "bytes 7-9/10")
    assert refused(client.get_object, Bucket=bucket, Key="r", Range="bytes=10-") == ("InvalidRange", 416)
    assert refused(client.get_object, Bucket=bucket, Key="r", IfMatch='"other"') == ("PreconditionFailed", 412)


def test_odd_keys(client, bucket):
    for key in ODD:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in ODD:
        assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
    assert [found["Key"] for page in pages for found in page["Contents"]] == sorted(ODD, key=str.encode)
    assert refused(client.put_object, Bucket=bucket, Key="a" * 1025) == ("KeyTooLongError", 400)


def test_only_if_it_is_not_there(client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
    assert refused(client.put_object, Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"
    client.put_object(Bucket=bucket, Key="k", Body=b"third")
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"third"


def test_lists(client, bucket):
    for key in ("a", "d/1", "d/2", "d/e/3", "f/4", "g"):
        client.put_object(Bucket=bucket, Key=key)

    def shown(**options):
        page = client.list_objects_v2(Bucket=bucket, **options)
        return [found["Key"] for found in page.get("Contents", ())], [found["Prefix"] for found in page.get("CommonPrefixes", ())]
    assert shown(Prefix="d/") == (["d/1", "d/2", "d/e/3"], [])
    assert shown(Delimiter="/") == (["a", "g"], ["d/", "f/"])
    assert shown(Prefix="d/", Delimiter="/") == (["d/1", "d/2"], ["d/e/"])
    assert shown(StartAfter="d/2") == (["d/e/3", "f/4", "g"], [])
    assert shown(MaxKeys=0) == shown(Prefix="none") == ([], [])
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}))
    assert [[*(c["Key"] for c in p.get("Contents", ())), *(c["Prefix"] for c in p.get("CommonPrefixes", ()))] for p in pages] == \
        [["a"], ["d/"], ["f/"], ["g"]]


def test_buckets_of_bad_configurations(client):
    assert refused(client.list_objects_v2, Bucket="missing-1") == ("NoSuchBucket", 404)
    assert refused(client.put_object, Bucket="missing-1", Key="k") == ("NoSuchBucket", 404)
    assert refused(client.put_object, Bucket="readonly-1", Key="k") == ("AccessDenied", 403)
    assert refused(client.create_multipart_upload, Bucket="readonly-1", Key="k") == ("AccessDenied", 403)
    assert client.list_objects_v2(Bucket="readonly-1")["KeyCount"] == 0


def test_the_bucket_in_the_name_of_the_host(sandbox, client, bucket):
    client.put_object(Bucket=bucket, Key="ü x", Body=b"here")
    for host in (f"{bucket}.s3.test", f"{bucket}.localhost:{sandbox.port}"):
        answer = signed(sandbox.port, "GET", "/%C3%BC%20x", headers={"Host": host})
        assert (answer.status, answer.body) == (200, b"here")
    for path, key in ("/s3/y", "s3/y"), ("//z", "/z"):
        assert signed(sandbox.port, "PUT", path, b"there", headers={"Host": host}).status == 200
        assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == b"there"
    listed = signed(sandbox.port, "GET", "/?list-type=2", headers={"Host": host})
    assert b"<Key>/z</Key>" in listed.body and b"<Name>" + bucket.encode() in listed.body


@pytest.mark.parametrize("what", [{"ACL": "public-read"}, {"ServerSideEncryption": "AES256"}, {"ChecksumAlgorithm": "SHA256"}])
def test_what_it_does_not_know_is_refused_by_name(client, bucket, what):
    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="k", Body=b"x", **what)
    assert caught.value.response["Error"]["Code"] == "NotImplemented" and "x-amz-" in str(caught.value)


def test_other_calls_are_refused(sandbox, client, bucket):
    assert refused(client.list_objects, Bucket=bucket) == ("NotImplemented", 501)
    assert refused(client.get_object, Bucket=bucket, Key="k", VersionId="1") == ("NotImplemented", 501)
    assert signed(sandbox.port, "GET", object_path("ab", "k")).code == "InvalidBucketName"
    assert signed(sandbox.port, "GET", f"/s3/{bucket}/%FF").code == "InvalidURI"


# Uploads in parts

def upload_of(client, bucket, key, *parts, **options):
    """Begins an upload and sends parts. Gives its id and what a completion names."""
    begun = client.create_multipart_upload(Bucket=bucket, Key=key, **options)["UploadId"]
    sent = []
    for number, data in enumerate(parts, 1):
        part = client.upload_part(Bucket=bucket, Key=key, UploadId=begun, PartNumber=number, Body=data,
                                  **({"ChecksumAlgorithm": "CRC32"} if options else {}))
        sent.append({"PartNumber": number, "ETag": part["ETag"], **({"ChecksumCRC32": part["ChecksumCRC32"]} if options else {})})
    return begun, sent


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_an_upload_in_parts(client, bucket, kind):
    data = os.urandom(5 * MIB), os.urandom(5 * MIB), b"end"
    upload, parts = upload_of(client, bucket, "big", *data, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    listed = client.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
    assert [(p["PartNumber"], p["ETag"], p["Size"], p["ChecksumCRC32"]) for p in listed] == \
        [(p["PartNumber"], p["ETag"], len(d), crc32(d)) for p, d in zip(parts, data)]
    assert [u["UploadId"] for u in client.list_multipart_uploads(Bucket=bucket, Prefix="bi")["Uploads"]] == [upload]
    assert refused(client.get_object, Bucket=bucket, Key="big") == ("NoSuchKey", 404)
    named = {"Bucket": bucket, "Key": "big", "UploadId": upload}
    done = [client.complete_multipart_upload(**named, MultipartUpload={"Parts": parts}) for _ in range(2)]
    assert done[0]["ETag"] == done[1]["ETag"] and done[0]["ETag"].endswith('-3"')
    raw = b"".join(base64.b64decode(crc32(d)) for d in data)
    wanted = crc32(b"".join(data)) if kind == "FULL_OBJECT" else crc32(raw) + "-3"
    got = client.get_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert (got["ChecksumCRC32"], got["ChecksumType"], done[0]["ChecksumCRC32"]) == (wanted, kind, wanted)
    assert b"".join(iter(lambda: got["Body"].read(MIB), b"")) == b"".join(data)
    got = client.get_object(Bucket=bucket, Key="big", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}")
    assert got["Body"].read() == data[0][-2:] + data[1][:2]
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    assert refused(client.upload_part, **named, PartNumber=4, Body=b"x") == ("NoSuchUpload", 404)


def test_an_upload_of_boto3s_own_transfer(client, bucket):
    data = os.urandom(17 * MIB)
    client.upload_fileobj(io.BytesIO(data), bucket, "transfer")
    out = io.BytesIO()
    client.download_fileobj(bucket, "transfer", out)
    assert out.getvalue() == data


def test_a_wrong_completion(client, bucket):
    upload, parts = upload_of(client, bucket, "k", b"small", b"end", ChecksumAlgorithm="CRC32")

    def complete(asked):
        return refused(client.complete_multipart_upload, Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": asked})
    first, second = parts
    assert complete(parts) == ("EntityTooSmall", 400)
    assert complete([second, first]) == complete([first, first]) == ("InvalidPartOrder", 400)
    assert complete([{**first, "ETag": second["ETag"]}]) == complete([{**first, "PartNumber": 3}]) == ("InvalidPart", 400)
    assert complete([{**first, "ChecksumCRC32": second["ChecksumCRC32"]}]) == ("InvalidPart", 400)
    assert complete([{"PartNumber": 1, "ETag": first["ETag"]}]) == ("InvalidRequest", 400)
    assert complete([]) == ("MalformedXML", 400)
    client.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": [first]})
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"small"
    assert complete([second]) == ("NoSuchUpload", 404)


def test_a_part_has_the_checksum_of_its_upload(sandbox, client, bucket):
    without = client.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    path = object_path(bucket, "k")
    for headers in {}, {"x-amz-checksum-crc32": crc32(b"x")}:
        assert signed(sandbox.port, "PUT", f"{path}?partNumber=1&uploadId={without}", b"x", headers).status == 200
    with_one = client.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32")["UploadId"]
    assert signed(sandbox.port, "PUT", f"{path}?partNumber=1&uploadId={with_one}", b"x").code == "InvalidRequest"
    for number in ("0", "10001", "x"):
        assert signed(sandbox.port, "PUT", f"{path}?partNumber={number}&uploadId={without}", b"x").code == "InvalidArgument"


def test_completion_only_if_it_is_not_there(client, bucket):
    upload, parts = upload_of(client, bucket, "k", b"late", ChecksumAlgorithm="CRC32")
    client.put_object(Bucket=bucket, Key="k", Body=b"early")
    done = {"Bucket": bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": parts}}
    assert refused(client.complete_multipart_upload, **done, IfNoneMatch="*") == ("PreconditionFailed", 412)
    client.delete_object(Bucket=bucket, Key="k")
    client.complete_multipart_upload(**done, IfNoneMatch="*")
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"late"


def test_a_part_sent_again_replaces_the_first(client, bucket):
    upload, _ = upload_of(client, bucket, "k", b"one", ChecksumAlgorithm="CRC32")
    again = client.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"two", ChecksumAlgorithm="CRC32")
    part = {"PartNumber": 1, "ETag": again["ETag"], "ChecksumCRC32": again["ChecksumCRC32"]}
    client.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": [part]})
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"


def test_abort(client, bucket):
    upload, parts = upload_of(client, bucket, "k", b"one", ChecksumAlgorithm="CRC32")
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    client.abort_multipart_upload(**named)
    assert refused(client.abort_multipart_upload, **named) == ("NoSuchUpload", 404)
    assert refused(client.list_parts, **named) == ("NoSuchUpload", 404)
    assert refused(client.complete_multipart_upload, **named, MultipartUpload={"Parts": parts}) == ("NoSuchUpload", 404)
    assert refused(client.upload_part, **named, PartNumber=1, Body=b"x") == ("NoSuchUpload", 404)


def test_lists_of_uploads_and_parts_in_pages(client, bucket):
    uploads = [(key, upload_of(client, bucket, key)[0]) for key in ("b", "a", "a", "c")]
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [u["Key"] for page in pages for u in page["Uploads"]] == ["a", "a", "b", "c"]
    upload = uploads[0][1]
    for number in (3, 1, 2):
        client.upload_part(Bucket=bucket, Key="b", UploadId=upload, PartNumber=number, Body=b"x")
    pages = client.get_paginator("list_parts").paginate(Bucket=bucket, Key="b", UploadId=upload, PaginationConfig={"PageSize": 1})
    assert [p["PartNumber"] for page in pages for p in page["Parts"]] == [1, 2, 3]


# Signatures

def put(sandbox, bucket, key="k", body=b"body", **options):
    return signed(sandbox.port, "PUT", object_path(bucket, key), body, **options)


def test_signed_and_unsigned_payloads(sandbox, bucket):
    assert put(sandbox, bucket).status == put(sandbox, bucket, payload=UNSIGNED).status == 200
    answer = put(sandbox, bucket, "altered", payload=hashlib.sha256(b"other").hexdigest())
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    assert put(sandbox, bucket, payload="x").code == "InvalidArgument"
    assert put(sandbox, bucket, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD").code == "NotImplemented"
    assert signed(sandbox.port, "GET", object_path(bucket, "altered")).code == "NoSuchKey"


@pytest.mark.parametrize("headers, code", [
    ({"Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()}, "BadDigest"),
    ({"Content-MD5": "AAAA"}, "InvalidDigest"), ({"x-amz-checksum-crc32": crc32(b"other")}, "BadDigest"),
    ({"x-amz-checksum-crc32": "?"}, "InvalidRequest")])
def test_digests(sandbox, bucket, headers, code):
    answer = put(sandbox, bucket, headers=headers)
    assert (answer.status, answer.code) == (400, code)
    assert signed(sandbox.port, "HEAD", object_path(bucket, "k")).status == 404
    right = {"Content-MD5": base64.b64encode(hashlib.md5(b"body").digest()).decode(), "x-amz-checksum-crc32": crc32(b"body")}
    assert put(sandbox, bucket, headers=right).status == 200


def test_wrong_keys(sandbox, bucket):
    for key, code in (("sandbox", "wrong", None), "SignatureDoesNotMatch"), (("nobody", "sandbox-secret", None), "InvalidAccessKeyId"):
        answer = signed(sandbox.port, "PUT", object_path(bucket, "k"), b"x", key=key)
        assert (answer.status, answer.code) == (403, code)


def test_no_signature_and_other_kinds(sandbox, bucket):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    for authorization, status, code in [(None, 403, b"AccessDenied"), ("Bearer sandbox", 400, b"InvalidRequest"),
                                        ("AWS4-HMAC-SHA256 Credential=x", 400, b"AuthorizationHeaderMalformed")]:
        connection.request("GET", object_path(bucket, "k"), headers={"Authorization": authorization} if authorization else {})
        answer = connection.getresponse()
        assert answer.status == status and code in answer.read()
    connection.close()


def test_the_region(sandbox, bucket):
    answer = put(sandbox, bucket, region="eu-central-1")
    assert (answer.status, answer.code, answer.error["Region"]) == (400, "AuthorizationHeaderMalformed", "us-east-1")
    assert "expecting 'us-east-1'" in answer.error["Message"]


@pytest.mark.parametrize("minutes, status", [(-16, 403), (16, 403), (-14, 200), (14, 200)])
def test_the_clock(sandbox, bucket, minutes, status):
    answer = put(sandbox, bucket, late=timedelta(minutes=minutes))
    assert answer.status == status
    if status == 403:
        assert answer.code == "RequestTimeTooSkewed" and answer.headers["Date"].endswith("GMT")


def test_a_server_whose_clock_is_ahead(start, bucket):
    ahead = start()
    ahead.control("POST", "s3_clock?seconds=7200")
    answer = put(ahead, bucket)
    assert answer.code == "RequestTimeTooSkewed"
    # The date that it sends is its own, and with that a request is right.
    late = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(timezone.utc)
    assert put(ahead, bucket, late=late).status == 200


def test_what_has_to_be_signed(sandbox, bucket):
    answer = put(sandbox, bucket, after={"x-amz-checksum-crc32": crc32(b"body")})
    assert (answer.status, answer.code, answer.error["HeadersNotSigned"]) == (403, "AccessDenied", "x-amz-checksum-crc32")
    # What is signed, and altered on its way.
    assert put(sandbox, bucket, headers={"x-amz-meta-run": "1"}, after={"x-amz-meta-run": "2"}).code == "SignatureDoesNotMatch"
    assert put(sandbox, bucket, headers={"x-amz-meta-run": " a   b "}).status == 200


@pytest.mark.parametrize("key", ODD)
def test_signatures_of_odd_keys(sandbox, bucket, key):
    path = object_path(bucket, key)
    assert signed(sandbox.port, "PUT", path, b"x").status == 200
    # A key with a blank more is another one.
    assert signed(sandbox.port, "HEAD", path).status == 200
    assert signed(sandbox.port, "GET", path + "%20").code in ("NoSuchKey", "KeyTooLongError")


def test_what_is_not_encoded_as_it_should_be(sandbox, bucket):
    # The signer takes the path as it is sent; S3 encodes it anew. A + is a + there, and has to be %2B.
    assert signed(sandbox.port, "PUT", f"/s3/{bucket}/a+b", b"x").code == "SignatureDoesNotMatch"
    assert signed(sandbox.port, "PUT", f"/s3/{bucket}/a%2fb", b"x").code == "SignatureDoesNotMatch"


def test_signatures_of_parameters(sandbox, bucket):
    for query in ("list-type=2&prefix=a%20b%2F%C3%BC", "prefix=&list-type=2", "list-type=2&start-after=%2B%25", "uploads=&prefix=%3D"):
        assert signed(sandbox.port, "GET", f"/s3/{bucket}?{query}").status == 200


# Session tokens

TEMPORARY = ("ASIATEST", "temporary", "the+session/token==")


@pytest.fixture(scope="module")
def sts(start):
    return start("--s3-key", "sandbox:sandbox-secret", "--s3-key", ":".join(TEMPORARY))


def test_session_tokens(sts, bucket):
    client = s3_client(sts.port, TEMPORARY)
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert signed(sts.port, "GET", object_path(bucket, "k"), key=TEMPORARY).body == b"x"
    assert signed(sts.port, "GET", object_path(bucket, "k"), key=(*TEMPORARY[:2], None)).code == "InvalidAccessKeyId"
    assert signed(sts.port, "GET", object_path(bucket, "k"), key=(*TEMPORARY[:2], "other")).code == "InvalidToken"
    assert signed(sts.port, "GET", object_path(bucket, "k"), key=(*KEY[:2], "none-is-due")).code == "InvalidToken"
    unsigned = signed(sts.port, "GET", object_path(bucket, "k"), key=(*TEMPORARY[:2], None), after={"x-amz-security-token": TEMPORARY[2]})
    assert unsigned.code == "AccessDenied"


def test_a_key_expires(sts, bucket):
    client = s3_client(sts.port, TEMPORARY)
    client.put_object(Bucket=bucket, Key="k")
    sts.control("POST", "s3_key?expire=ASIATEST")
    assert refused(client.put_object, Bucket=bucket, Key="k") == ("ExpiredToken", 400)
    s3_client(sts.port).put_object(Bucket=bucket, Key="k")
    sts.control("POST", "s3_key?add=ASIANEXT:next:token:with:colons")
    s3_client(sts.port, ("ASIANEXT", "next", "token:with:colons")).put_object(Bucket=bucket, Key="k")
    sts.control("POST", f"s3_key?add={':'.join(TEMPORARY).replace('+', '%2B')}")
    client.put_object(Bucket=bucket, Key="k")
    sts.faults({"rpc": "S3.PutObject", "skip": 1, "action": "expired_token"})
    client.put_object(Bucket=bucket, Key="k")
    for _ in range(2):
        assert refused(client.put_object, Bucket=bucket, Key="k") == ("ExpiredToken", 400)


@pytest.mark.parametrize("call", ["s3_key", "s3_key?expire=unknown", "s3_key?add=x", "s3_clock?seconds=x", "s3_clock"])
def test_wrong_control_calls(sandbox, call):
    with pytest.raises(urllib.error.HTTPError) as caught:
        sandbox.control("POST", call)
    assert caught.value.code == 400


# The connection

def test_what_is_refused_by_its_head_is_not_sent(sandbox, bucket):
    """A client that waits for 100 Continue is told at once."""
    request = (f"PUT {object_path(bucket, 'k')} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {4 << 30}\r\nExpect: 100-continue\r\n\r\n")
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403 ") and b"AccessDenied" in answer and b"Connection: close" in answer


def test_a_client_that_waits_is_told_to_go_on(sandbox, bucket):
    path, body = object_path(bucket, "waited"), b"sent later"
    headers = signed_headers(sandbox.port, "PUT", path, body)
    headers |= {"Host": f"127.0.0.1:{sandbox.port}", "Content-Length": len(body), "Expect": "100-continue"}
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as waiting, waiting.makefile("rb") as answers:
        waiting.sendall("".join([f"PUT {path} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]).encode())
        assert answers.readline().startswith(b"HTTP/1.1 100 ") and answers.readline() == b"\r\n"
        waiting.sendall(body)
        assert answers.readline().startswith(b"HTTP/1.1 200 ")
    assert signed(sandbox.port, "GET", path).body == body
    assert put(sandbox, bucket, after={"Expect": "100-continue"}).status == 200     # one that does not wait after all


def test_a_connection_is_kept(sandbox, bucket):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    for _ in range(3):
        assert put(sandbox, bucket, connection=connection).status == 200
        assert put(sandbox, bucket, connection=connection, region="x").status == 400
    connection.close()


def test_a_body_that_ends_early_leaves_nothing(sandbox, client, bucket):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=0.5)
    with pytest.raises(TimeoutError):
        put(sandbox, bucket, body=b"x" * 1000, after={"Content-Length": "2000"}, connection=connection)
    connection.close()
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_one_of_many_that_must_not_replace(sandbox, bucket):
    def attempt(at):
        return put(sandbox, bucket, body=b"%d" % at, headers={"If-None-Match": "*"}).status
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(24))) == [200] + [412] * 23


class Zeros:
    """A body that is only told, never held."""

    def __init__(self, size):
        self.left = size

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


def test_a_large_body_does_not_sit_in_memory(start, bucket):
    alone = start()

    def peak():
        status = Path(f"/proc/{alone.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10
    put(alone, bucket)
    before, size = peak(), 256 * MIB
    headers = {"Content-Length": str(size)}
    assert put(alone, bucket, payload=UNSIGNED, body=Zeros(size), after=headers).status == 200
    with s3_client(alone.port).get_object(Bucket=bucket, Key="k")["Body"] as body:
        assert sum(map(len, iter(lambda: body.read(MIB), b""))) == size
    assert peak() - before < 16 * MIB


def test_objects_and_uploads_survive_a_restart(start, tmp_path, bucket):
    first = start("--state", str(tmp_path))
    client = s3_client(first.port)
    client.put_object(Bucket=bucket, Key="../k", Body=b"kept")
    upload, parts = upload_of(client, bucket, "u", b"part", ChecksumAlgorithm="CRC32")
    (tmp_path / "s3/data/left-over").write_bytes(b"of a request that was not finished")
    first.stop()
    client = s3_client(start("--state", str(tmp_path)).port)
    assert client.get_object(Bucket=bucket, Key="../k")["Body"].read() == b"kept"
    client.complete_multipart_upload(Bucket=bucket, Key="u", UploadId=upload, MultipartUpload={"Parts": parts})
    assert client.get_object(Bucket=bucket, Key="u")["Body"].read() == b"part"
    assert len(list((tmp_path / "s3/data").iterdir())) == 2


def test_over_tls(start, tmp_path, bucket):
    sandbox = start("--tls", "--ca-file", str(tmp_path / "ca.pem"))
    client = s3_client(sandbox.port, scheme="https", verify=str(tmp_path / "ca.pem"))
    data = os.urandom(3 * MIB)
    client.put_object(Bucket=bucket, Key="k", Body=data)
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == data


# Faults

def test_a_rule_strikes_the_call_and_key_that_it_names(faulty, client, bucket):
    faulty.faults({"rpc": "S3.PutObject", "target": f"{bucket}/b", "action": "status", "status": 503, "headers": {"Retry-After": "7"}})
    client.put_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="b")
    assert caught.value.response["Error"]["Code"] == "SlowDown"
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"
    client.put_object(Bucket=bucket, Key="b")


def test_rules_for_all_of_s3_and_with_a_code(faulty, client, bucket):
    faulty.faults({"action": "status", "status": 500},
                  {"rpc": "S3.*", "skip": 2, "times": 2, "action": "status", "status": 409, "code": "OperationAborted"})
    seen = []
    for call in (client.put_object, client.get_object) * 3:
        try:
            call(Bucket=bucket, Key="k")
            seen.append(200)
        except ClientError as error:
            seen.append(error.response["Error"]["Code"])
    assert seen == [200, 200, "OperationAborted", "OperationAborted", 200, 200]


@pytest.mark.parametrize("rule, stored", [({"action": "reset_before"}, False), ({"action": "reset_after"}, True), ({"action": "cut"}, True),
                                          ({"action": "stall"}, False), ({"action": "stall", "executed": True}, True)])
def test_broken_connections(faulty, client, bucket, rule, stored):
    faulty.faults({"rpc": "S3.PutObject", **rule})
    connection = http.client.HTTPConnection("127.0.0.1", faulty.port, timeout=0.5)
    with pytest.raises((ConnectionError, TimeoutError, http.client.HTTPException)):
        answer = put(faulty, bucket, connection=connection)
        # To http.client headers that end early are headers too.
        raise http.client.IncompleteRead(b"") if "Content-Length" not in answer.headers else AssertionError("a whole answer")
    connection.close()
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == int(stored)


def test_an_answer_is_cut(faulty, client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=bytes(1000))
    faulty.faults({"rpc": "S3.GetObject", "action": "cut", "bytes": 10})
    with pytest.raises(http.client.IncompleteRead) as caught:
        signed(faulty.port, "GET", object_path(bucket, "k"))
    assert len(caught.value.partial) == 10
    assert len(signed(faulty.port, "GET", object_path(bucket, "k")).body) == 1000


def test_success_with_an_error_in_it(faulty, client, bucket):
    """S3 may answer a completion with 200 and tell in the body that it failed."""
    upload, parts = upload_of(client, bucket, "k", b"x", ChecksumAlgorithm="CRC32")
    body = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>Try again.</Message></Error>'
    faulty.faults({"rpc": "S3.CompleteMultipartUpload", "action": "garbage", "body": body})
    done = {"Bucket": bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": parts}}
    assert refused(client.complete_multipart_upload, **done)[0] == "InternalError"
    client.complete_multipart_upload(**done)


def test_the_log_of_storage(faulty, client, bucket):
    faulty.control("DELETE", "log")
    faulty.faults({"rpc": "S3.PutObject", "action": "status", "status": 503})
    for _ in range(2):
        signed(faulty.port, "PUT", object_path(bucket, "ü"), b"x")
    signed(faulty.port, "GET", object_path(bucket, "k"), key=("sandbox", "wrong", None))
    calls = faulty.control("GET", "log")["calls"]
    assert [(c["rpc"], c["target"], c["fault"], c["executed"], c["status"]) for c in calls] == [
        ("S3.PutObject", f"{bucket}/ü", "status", False, 503), ("S3.PutObject", f"{bucket}/ü", None, True, 200),
        ("S3.GetObject", f"{bucket}/k", None, False, 403)]
    text = json.dumps(calls)
    assert "sandbox-secret" not in text and "Signature" not in text and "Credential" not in text


@pytest.mark.parametrize("rule", [{"rpc": "S3.PutObject", "action": "alter"}, {"rpc": "*", "action": "status", "status": 500},
                                  {"rpc": "Files.Put", "action": "lost_session"}, {"action": "status", "status": 500, "code": "x"}])
def test_wrong_rules(faulty, rule):
    with pytest.raises(urllib.error.HTTPError) as caught:
        faulty.faults(rule)
    assert caught.value.code == 400
