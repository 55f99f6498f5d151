"""Writes sigv4.json: requests signed by botocore, for test_sigv4.c. Run it again when a case is added."""

import json
from pathlib import Path

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode

TIME = "20261124T180102Z"
KEYS = ["a.csv", "with space.csv", "a+b.csv", "100%25.csv", "naïve-Ünïcode-\U0001F600.csv", "a//b/./../c", "~*'()!", "=&?#;:@,$", "back\\slash\"<>|^`{}[]",
        "job-1/run/1-000001.csv.gz"]
QUERIES = [{}, {"uploads": ""}, {"partNumber": "1", "uploadId": "a/b+c=d~ e&f"}, {"prefix": "ä b/%", "max-uploads": "1000", "Z": "z", "a": "*"}]
HEADERS = [{}, {"If-None-Match": "*", "x-amz-checksum-crc32": "AAAAAA=="}, {"x-amz-meta-note": "  two   words  ", "X-Amz-Checksum-Mode": "ENABLED", "Range": "bytes=0-9"}]


class Signer(S3SigV4Auth):
    def __init__(self, credentials, region, payload):
        super().__init__(credentials, "s3", region)
        self._payload = payload

    def payload(self, request):
        return self._payload or super(S3SigV4Auth, self).payload(request)


def case(method, key, query, headers, *, body="", unsigned=False, token=None, virtual=False, region="us-east-1"):
    host = f"bucket.s3.{region}.amazonaws.com" if virtual else "127.0.0.1:8443"
    path = ("/" if virtual else "/s3/bucket/") + percent_encode(key, safe="/-._~")
    request = AWSRequest(method, f"https://{host}{path}", {"host": host, **headers}, body.encode(), query)
    request.context["timestamp"] = TIME
    signer = Signer(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token), region, "UNSIGNED-PAYLOAD" if unsigned else None)
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return {"method": method, "host": host, "key": key, "base": path[:-len(percent_encode(key, safe="/-._~")) or None], "path": path,
            "query": [[name, query[name]] for name in sorted(query)], "headers": list(headers.items()), "body": body, "unsigned": unsigned,
            "token": token, "region": region, "time": TIME, "authorization": request.headers["Authorization"]}


def cases():
    for key in KEYS:
        for virtual in (False, True):
            yield case("PUT", key, {}, HEADERS[1], body="content\n", unsigned=virtual, virtual=virtual)
    for query in QUERIES:
        for headers in HEADERS:
            yield case("POST", "a b", query, headers, body="<x/>", token="FwoGZXIvYXdzE//token+with=all")
    yield case("GET", "", {"list-type": "2"}, {}, region="eu-central-1", virtual=True)
    yield case("DELETE", "k", {}, {}, unsigned=True, token="t", region="ap-southeast-2")


if __name__ == "__main__":
    text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in cases())
    Path(__file__).with_name("sigv4.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")
