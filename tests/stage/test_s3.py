"""The S3 stager against the sandbox's own S3, which verifies signatures with botocore's signer: odd names, keys that change, and faults of every call."""

import uuid

import pytest
from s3 import Bucket, Driver

SECRET = "sandbox-secret"
BLOCK = 5 << 20
LARGE = BLOCK + 12345       # two blocks


@pytest.fixture
def driver(build):
    made = Driver(build, (SECRET, "fresh-secret", "fresh-token", "wrong-secret"))
    yield made
    made.stop()


class Place:
    """A bucket of its own in a sandbox, and a stager for it."""

    def __init__(self, driver, sandbox, name=None, scheme="http", **options):
        self.driver, self.sandbox, self.name = driver, sandbox, name or f"b-{uuid.uuid4().hex[:12]}"
        self.options = {"bucket": self.name, "endpoint": f"{scheme}://127.0.0.1:{sandbox.port}/s3", "id": "sandbox", "secret": SECRET} | options
        self.objects = Bucket(self.name, f"{scheme}://127.0.0.1:{sandbox.port}/s3", "sandbox", SECRET, verify=options.get("ca_file"))
        driver("open", **self.options)


@pytest.fixture
def place(driver, faulty):
    return Place(driver, faulty, prefix="pre")


def test_objects_whole_and_in_blocks(driver, place):
    for name, size in (("empty", 0), ("small", 1000), ("one-block", BLOCK), ("two-blocks", BLOCK + 1), ("many", 3 * BLOCK + 7)):
        answer = driver("upload", name, size)
        assert place.objects.has(f"pre/{name}", answer, size)
        driver("check", name, size)
        driver("check", name, size, 9, status="INVALID_DATA" if size else "OK")
        driver("upload", name, size)        # the same again is what an earlier attempt has left
        driver("upload", name, size, 9, status="CONFLICT" if size else "OK")
        assert place.objects.has(f"pre/{name}", answer, size)
    assert place.objects.uploads() == []
    driver("check", "small", 999, status="INVALID_DATA")
    driver("remove", "small")
    driver("remove", "small")
    driver("check", "small", 1000, status="NOT_FOUND")


@pytest.mark.parametrize("options", [{"sign_payload": 1}, {"parallel": 1}, {"parallel": 8}, {"block_bytes": 8 << 20}], ids=str)
def test_ways_to_send(driver, sandbox, options):
    place = Place(driver, sandbox, **options)
    assert place.objects.has("a", driver("put", "a", 1000), 1000)
    assert place.objects.has("b", driver("upload", "b", 2 * BLOCK + 77), 2 * BLOCK + 77)


@pytest.mark.parametrize("prefix", ["a+b", "100%25", "%2F", "näh-\U0001F600", "~'()!", "a=b&c;d,e", "@:$", "<\"'>", "q#x"])
def test_odd_keys(driver, sandbox, prefix):
    place = Place(driver, sandbox, prefix=prefix)
    assert place.objects.has(f"{prefix}/j/1-000001.csv.gz", driver("put", "j/1-000001.csv.gz", 100), 100)
    driver("leave", "left", 100)
    driver("leave", "left.gz", 100)
    driver("remove", "left")
    assert place.objects.uploads() == [f"{prefix}/left.gz"]


def test_bucket_in_the_name_of_the_host(driver, sandbox):
    place = Place(driver, sandbox)
    driver("open", **place.options | {"endpoint": f"http://localhost:{sandbox.port}", "path_style": 0})
    assert place.objects.has("a", driver("upload", "a", LARGE), LARGE)
    driver("leave", "a", 10)
    driver("remove", "a")
    assert (place.objects.keys(), place.objects.uploads()) == ([], [])


def test_tls(driver, start, tmp_path):
    sandbox = start("--tls", "--ca-file", tmp_path / "ca.pem")
    place = Place(driver, sandbox, scheme="https", ca_file=tmp_path / "ca.pem")
    assert place.objects.has("a", driver("upload", "a", LARGE), LARGE)


CALLS = {"PutObject": "small", "CreateMultipartUpload": "large", "UploadPart": "large", "CompleteMultipartUpload": "large", "HeadObject": "small",
         "DeleteObject": "small", "ListMultipartUploads": "small", "AbortMultipartUpload": "left"}
FAULTS = {
    "503": {"action": "status", "status": 503}, "503 with Retry-After": {"action": "status", "status": 503, "headers": {"Retry-After": "7"}},
    "500": {"action": "status", "status": 500}, "429": {"action": "status", "status": 429}, "RequestTimeout": {"action": "status", "status": 400},
    "reset before": {"action": "reset_before"}, "reset after": {"action": "reset_after"}, "cut": {"action": "cut"},
}
QUICK = ("503 with Retry-After", "RequestTimeout", "reset after")


# An answer to HEAD has no words, so that a 400 does not say that it may heal.
@pytest.mark.parametrize("call, fault", [
    pytest.param(call, fault, marks=[] if fault in QUICK else pytest.mark.scale)
    for call in CALLS for fault in FAULTS if (call, fault) != ("HeadObject", "RequestTimeout")])
def test_a_fault_heals(driver, place, call, fault):
    """Three in a row, of one call in the life of an object."""
    place.sandbox.control("DELETE", "log")
    place.sandbox.faults(FAULTS[fault] | {"rpc": f"S3.{call}", "times": 3})
    name = CALLS[call]
    if name == "left":
        driver("leave", name, 100)
    else:
        size = LARGE if name == "large" else 1000
        answer = driver("upload", name, size)
        assert place.objects.has(f"pre/{name}", answer, size)
        driver("check", name, size)
    driver("remove", name)
    seen = [one for one in place.sandbox.control("GET", "log")["calls"] if one["target"].startswith(place.name)]
    assert any(one["rpc"] == f"S3.{call}" and one["fault"] == FAULTS[fault]["action"] for one in seen)
    assert (place.objects.keys(), place.objects.uploads()) == ([], [])


@pytest.mark.parametrize("call", ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_a_fault_that_stays(driver, place, call):
    place.sandbox.faults({"rpc": f"S3.{call}", "action": "status", "status": 503, "times": 100})
    answer = driver("upload", "x", LARGE if call != "PutObject" else 10, status="UNAVAILABLE")
    assert answer["message"] == f"staging x: s3://{place.name}/pre/x: HTTP 503 SlowDown: Please reduce your request rate."
    assert (answer["class"], answer["http"]) == ("SlowDown", 503)
    place.sandbox.control("DELETE", "faults")
    assert (place.objects.keys(), place.objects.uploads()) == ([], [])


def test_garbage_is_not_taken_for_an_answer(driver, place):
    for call, size in (("PutObject", 10), ("CreateMultipartUpload", LARGE), ("UploadPart", LARGE), ("CompleteMultipartUpload", LARGE)):
        place.sandbox.faults({"rpc": f"S3.{call}", "action": "garbage"})
        assert place.objects.has(f"pre/{call}", driver("upload", call, size), size)
    place.sandbox.faults({"rpc": "S3.PutObject", "action": "garbage", "times": 100})
    answer = driver("put", "x", 10, status="PROTOCOL")
    assert "the answer is not one of S3 (text/html" in answer["message"]


def test_a_clock_that_is_wrong(driver, place):
    try:
        for seconds in (7200, -7200):
            place.sandbox.control("POST", f"s3_clock?seconds={seconds}")
            driver("open", **place.options)
            driver("check", "nothing", 10, status="NOT_FOUND")      # HEAD, which is refused without words
            driver("open", **place.options)
            answer = driver("upload", f"at{seconds}", LARGE)
            driver("check", f"at{seconds}", LARGE)
    finally:
        place.sandbox.control("POST", "s3_clock?seconds=0")
    assert place.objects.has("pre/at7200", answer, LARGE)


def test_an_object_without_a_checksum_is_read_back(driver, place):
    """As others leave one that they put in the place of ours. Whatever stands in it, it is no answer of S3's own."""
    plain = Bucket(place.name, place.options["endpoint"], "sandbox", SECRET, checksums=False)
    driver("upload", "a", LARGE)
    content = plain.read("pre/a")
    place.sandbox.control("DELETE", "log")
    driver("check", "a", LARGE)
    assert place.sandbox.calls() == ["S3.HeadObject"]
    error = b"<Error><Code>SlowDown</Code></Error>"
    for now, status in ((content, "OK"), (content[:-1] + b"?", "INVALID_DATA"), (error + content[len(error):], "INVALID_DATA"),
                        (content[:-len(error)] + error, "INVALID_DATA")):
        plain.client.put_object(Bucket=place.name, Key="pre/a", Body=now)
        place.sandbox.control("DELETE", "log")
        answer = driver("check", "a", LARGE, status=status)
        assert status == "OK" or answer["message"] == f"checking a: s3://{place.name}/pre/a: was changed (its checksum does not match)"
        assert place.sandbox.calls() == ["S3.HeadObject"] + 11 * ["S3.GetObject"]
    place.sandbox.faults({"rpc": "S3.GetObject", "skip": 3, "action": "reset_after"}, {"rpc": "S3.GetObject", "skip": 7, "action": "status", "status": 503})
    driver("check", "a", LARGE, status="INVALID_DATA")
    place.sandbox.faults({"rpc": "S3.GetObject", "skip": 3, "action": "status", "status": 403, "code": "AccessDenied"})
    assert "403 AccessDenied" in driver("check", "a", LARGE, status="FORBIDDEN")["message"]


def test_keys_that_expire(driver, place):
    control = place.sandbox.control
    name = f"KEY{uuid.uuid4().hex[:8]}"
    control("POST", f"s3_key?add={name}1:fresh-secret:fresh-token")
    control("POST", f"s3_key?add={name}2:fresh-secret:fresh-token-2")
    driver("open", **place.options | {"id": None, "secret": None, "hook": f"{name}1:fresh-secret:fresh-token"})
    assert driver("put", "a", 10)["asked"] == 1
    control("POST", f"s3_key?expire={name}1")
    driver("hook", f"{name}2:fresh-secret:fresh-token-2")
    assert driver("upload", "b", 4 * BLOCK)["asked"] == 2       # once for all threads
    driver("check", "b", 4 * BLOCK)
    control("POST", f"s3_key?expire={name}2")
    answer = driver("put", "c", 10, status="UNAUTHENTICATED")
    assert answer["message"].endswith("/pre/c: HTTP 400 ExpiredToken: the session token has expired")
    driver("check", "a", 10, status="UNAUTHENTICATED")      # HEAD does not say why
    driver("hook", "")
    answer = driver("put", "c", 10, status="UNAVAILABLE")
    assert answer["message"] == f"staging c: s3://{place.name}/pre/c: keys of the host: the vault is closed"


def test_keys_that_expire_in_the_middle(driver, place):
    name = f"KEY{uuid.uuid4().hex[:8]}"
    for key in "12":
        place.sandbox.control("POST", f"s3_key?add={name}{key}:fresh-secret:fresh-token")
    driver("open", **place.options | {"id": f"{name}1", "secret": "fresh-secret", "token": "fresh-token", "hook": f"{name}2:fresh-secret:fresh-token"})
    place.sandbox.faults({"rpc": "S3.UploadPart", "skip": 2, "action": "expired_token"})
    answer = driver("upload", "a", 6 * BLOCK)
    assert answer["asked"] == 1
    assert place.objects.has("pre/a", answer, 6 * BLOCK)


@pytest.mark.parametrize("options, status, message", [
    ({"secret": "wrong-secret"}, "UNAUTHENTICATED", "HTTP 403 SignatureDoesNotMatch: the secret access key does not belong to the access key id"),
    ({"id": "nobody"}, "UNAUTHENTICATED", "HTTP 403 InvalidAccessKeyId: the access key id is not known there"),
    ({"token": "wrong-secret"}, "UNAUTHENTICATED", "HTTP 400 InvalidToken: the session token is not accepted"),
    ({"region": "eu-central-1"}, "INVALID_ARGUMENT", "HTTP 400 AuthorizationHeaderMalformed: the bucket is in region us-east-1, not in eu-central-1"),
    ({"bucket": "missing-bucket"}, "NOT_FOUND", "HTTP 404 NoSuchBucket: the bucket does not exist"),
    ({"bucket": "readonly-bucket"}, "FORBIDDEN", "HTTP 403 AccessDenied: Access Denied"),
], ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_refusals(driver, place, options, status, message):
    driver("open", **place.options | options)
    for call, size in (("put", 10), ("upload", LARGE)):
        answer = driver(call, "x", size, status=status)
        assert answer["message"] == f"staging x: s3://{options.get('bucket', place.name)}/pre/x: {message}"
    driver("remove", "x", status=status)
