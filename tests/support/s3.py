"""The S3 stager as a process, and a client of boto3 beside it that says what has become of its objects."""

import json
import subprocess
import zlib

import boto3
from botocore.config import Config


class Driver:
    """build/tests/s3_driver: a call a line. Whatever it prints must not hold a secret."""

    def __init__(self, build, secrets=()):
        self.secrets, self.log = tuple(secrets), []
        self.process = subprocess.Popen([build / "tests/s3_driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __call__(self, call, *arguments, status="OK", **options):
        words = [call, *map(str, arguments), *(f"{name}={value}" for name, value in options.items() if value is not None)]
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["status"] == status, answer
        assert not any(secret in answer["message"] for secret in self.secrets) and "\n" not in answer["message"]
        return answer

    def stop(self):
        _, self.log = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, self.log
        assert not any(secret in self.log for secret in self.secrets)


class Bucket:
    """What is in a bucket, by boto3."""

    def __init__(self, name, endpoint, key, secret, token=None, verify=None, checksums=True):
        self.name = name
        self.client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
                                   aws_session_token=token, verify=verify, config=Config(retries={"total_max_attempts": 3},
                                                 request_checksum_calculation="when_supported" if checksums else "when_required"))

    def keys(self, prefix=""):
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", ())]

    def read(self, key):
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def has(self, key, answer, size):
        """Whether an object is what the driver says that it has sent."""
        body = self.read(key)
        return len(body) == size and zlib.crc32(body) == answer["crc32"]

    def uploads(self):
        return [one["Key"] for one in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", ())]
