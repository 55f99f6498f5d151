"""The S3 stager against versitygw, kept alive, closed after each answer, and over TLS."""

import random
import uuid

import pytest

BLOCK = 5 << 20


@pytest.fixture
def prefix():
    return f"p-{uuid.uuid4().hex[:8]}"


def test_objects_whole_and_in_blocks(driver, server, prefix):
    for name, size in (("empty", 0), ("small", 1000), ("one-block", BLOCK), ("two-blocks", BLOCK + 1), ("many", 12 * BLOCK + 7)):
        answer = driver("upload", f"{prefix}/{name}", size)
        assert server.bucket.has(f"{prefix}/{name}", answer, size)
        driver("check", f"{prefix}/{name}", size)
        driver("check", f"{prefix}/{name}", size, 9, status="INVALID_DATA" if size else "OK")
        driver("upload", f"{prefix}/{name}", size)
        driver("upload", f"{prefix}/{name}", size, 9, status="CONFLICT" if size else "OK")
        assert server.bucket.has(f"{prefix}/{name}", answer, size)
        driver("remove", f"{prefix}/{name}")
        driver("check", f"{prefix}/{name}", size, status="NOT_FOUND")
    assert not [key for key in server.bucket.keys() + server.bucket.uploads() if key.startswith(prefix)]


@pytest.mark.parametrize("options", [{"sign_payload": 1}, {"parallel": 1}, {"parallel": 16}, {"block_bytes": 16 << 20}], ids=str)
def test_ways_to_send(driver, server, prefix, options):
    driver("open", **server.options | options | {"prefix": prefix})
    for name, size in (("a", 1000), ("b", 40 * 1024 * 1024 + 3)):
        assert server.bucket.has(f"{prefix}/{name}", driver("upload", name, size), size)
        driver("check", name, size)


@pytest.mark.parametrize("odd", ["a+b", "100%25", "%2F", "näh-\U0001F600", "~'()!", "a=b&c;d,e", "@:$", "<\"'>", "q#x"])
def test_odd_keys(driver, server, prefix, odd):
    driver("open", **server.options | {"prefix": f"{prefix}/{odd}"})
    key = f"{prefix}/{odd}/j/1-000001.csv.gz"
    assert server.bucket.has(key, driver("put", "j/1-000001.csv.gz", 100), 100)
    assert key in server.bucket.keys()
    assert server.bucket.has(f"{prefix}/{odd}/large", driver("upload", "large", BLOCK + 1), BLOCK + 1)


def test_uploads_that_were_cut_off(driver, server, prefix):
    for _ in range(3):
        driver("leave", f"{prefix}/a.csv", 100)
    driver("leave", f"{prefix}/a.csv.gz", 100)
    driver("put", f"{prefix}/a.csv", 10)
    driver("remove", f"{prefix}/a.csv")
    assert [key for key in server.bucket.uploads() if key.startswith(prefix)] == [f"{prefix}/a.csv.gz"]
    driver("remove", f"{prefix}/a.csv.gz")
    assert not [key for key in server.bucket.uploads() if key.startswith(prefix)]


@pytest.mark.parametrize("options, status, message", [
    ({"secret": "wrong-secret"}, "UNAUTHENTICATED", "HTTP 403 SignatureDoesNotMatch: the secret access key does not belong to the access key id"),
    ({"id": "nobody"}, "UNAUTHENTICATED", "HTTP 404 XAdminUserNotFound: the access key id is not known there"),
    ({"bucket": "nobucket"}, "NOT_FOUND", "HTTP 404 NoSuchBucket: the bucket does not exist"),
], ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_refusals(driver, server, options, status, message):
    """Also while a large body is on its way: it answers and closes then, and what it says is told."""
    driver("open", **server.options | options)
    for _ in range(10):
        answer = driver("put", "x", BLOCK, status=status)
        assert answer["message"] == f"staging x: s3://{options.get('bucket', 'bucket')}/x: {message}"
    driver("upload", "x", BLOCK + 1, status=status)


def test_many_at_random(driver, server, prefix):
    dice = random.Random(7)
    driver("open", **server.options | {"prefix": prefix, "parallel": 8})
    sizes = {f"{n}.csv": dice.choice((dice.randrange(2000), BLOCK, dice.randrange(4 * BLOCK))) for n in range(20)}
    answers = {name: driver("upload", name, size) for name, size in sizes.items()}
    assert all(server.bucket.has(f"{prefix}/{name}", answers[name], size) for name, size in sizes.items())
    for name in sizes:
        driver("remove", name)
    assert not [key for key in server.bucket.keys() if key.startswith(prefix)]
