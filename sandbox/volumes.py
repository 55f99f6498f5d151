"""Volumes: Databricks' Files API. A volume comes into being with its first file; COPY INTO reads the same folders."""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from .errors import SqlError
from .storage import Answer, Refusal, StorageCall, ranged

PREFIX = "/api/2.0/fs/"
CALLS = {("files", "PUT"): "Put", ("files", "GET"): "Get", ("files", "HEAD"): "Head", ("files", "DELETE"): "Delete",
         ("directories", "PUT"): "CreateDirectory", ("directories", "GET"): "ListDirectory", ("directories", "HEAD"): "HeadDirectory",
         ("directories", "DELETE"): "DeleteDirectory"}
PAGE = 1000
FAILURES = {403: ("PERMISSION_DENIED", "User does not have WRITE VOLUME."), 404: ("NOT_FOUND", "The file being accessed is not found."),
            409: ("ALREADY_EXISTS", "The file being created already exists."), 429: ("RESOURCE_EXHAUSTED", "Rate limit exceeded."),
            503: ("TEMPORARILY_UNAVAILABLE", "The service at /api/2.0/fs is temporarily unavailable.")}


def not_found(kind):
    return Refusal(404, "NOT_FOUND", f"The {kind} being accessed is not found.")


class FilesCall(StorageCall):
    def __init__(self, handler):
        super().__init__(handler)
        url = urlsplit(handler.path)
        self.params = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        self.kind, _, path = url.path.removeprefix(PREFIX).partition("/")
        self.path = "/" + unquote(path, errors="surrogateescape")
        self.call = CALLS.get((self.kind, self.method))
        self.rpc, self.target = f"Files.{self.call or 'Unknown'}", self.path.encode(errors="replace").decode()

    @staticmethod
    def mine(handler):
        return handler.path.startswith(PREFIX)

    # Refusals

    def refused(self, refusal):
        return Answer(refusal.status, json.dumps({"error_code": refusal.code, "message": refusal.message}).encode(),
                      {"Content-Type": "application/json", **refusal.headers})

    def failure(self, status):
        return FAILURES.get(status, ("INTERNAL_ERROR", "The fault script asked for this."))

    def expire(self):
        self.workspace.oauth.expire()
        return self._unauthorized("Token is expired.")

    @staticmethod
    def _unauthorized(text):
        return Refusal(401, 401, text, {"www-authenticate": 'Bearer realm="DatabricksRealm"', "x-databricks-reason-phrase": text})

    # Checks

    def check(self):
        if not self.handler.authorized():
            raise self._unauthorized("Credential was not sent or was of an unsupported type for this API.")
        if self.call is None:
            raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.method} {PREFIX}{self.kind}'")
        if self.body.too_large:
            raise Refusal(413, "REQUEST_LIMIT_EXCEEDED", "The file is larger than 5 GiB.")
        parts = self.path.strip("/").split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise self._invalid(f"The path {self.target!r} is not valid.")
        try:
            self.volume, self.place = self.workspace.objects.file(self.path)
        except SqlError as error:
            raise self._invalid(error.display) from None
        if any(part.startswith("missing") for part in parts[1:4]):
            raise Refusal(404, "NOT_FOUND", f"Volume '{'.'.join(parts[1:4])}' does not exist.")
        if any(part.startswith("readonly") for part in parts[1:4]) and self.method in ("PUT", "DELETE"):
            raise Refusal(403, "PERMISSION_DENIED", f"User does not have WRITE VOLUME on Volume '{'.'.join(parts[1:4])}'.")
        if self.kind == "files" and self.place == self.volume:
            raise self._invalid("The path names a volume, not a file in it.")

    @staticmethod
    def _invalid(text):
        return Refusal(400, "INVALID_PARAMETER_VALUE", text)

    def execute(self):
        steps = {"Put": self._put, "Get": self._get, "Head": self._get, "Delete": self._delete, "CreateDirectory": self._create_directory,
                 "ListDirectory": self._list, "HeadDirectory": self._head_directory, "DeleteDirectory": self._delete_directory}
        try:
            return steps[self.call]()
        except (NotADirectoryError, FileExistsError):
            raise Refusal(409, "ALREADY_EXISTS", "A part of the path is a file.") from None
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            raise self._invalid(f"The path cannot be used: {error.strerror}.") from None

    # Files

    def _put(self):
        overwrite = self.params.get("overwrite", "false")
        if overwrite not in ("true", "false"):
            raise self._invalid(f"overwrite={overwrite!r} is neither true nor false.")
        if self.place.is_dir():
            raise Refusal(409, "ALREADY_EXISTS", "A directory of this name exists.")
        path, _ = self.body.save(self.workspace.incoming, ())
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            if overwrite == "true":
                os.replace(path, self.place)
            elif not self._linked(path):
                raise Refusal(409, "ALREADY_EXISTS", "The file being created already exists.")
        finally:
            path.unlink(missing_ok=True)
        return Answer(204)

    def _linked(self, path):
        """Whether the file got its name, which no other had."""
        try:
            os.link(path, self.place)
        except FileExistsError:
            return False
        return True

    def _file(self):
        if not self.place.is_file():
            raise not_found("file")
        return self.place.stat()

    def _get(self):
        known = self._file()
        since = self.headers.get("If-Unmodified-Since")
        if since and int(known.st_mtime) > parsedate_to_datetime(since).timestamp():
            raise Refusal(412, "FAILED_PRECONDITION", "The file was modified.")
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes",
                   "Last-Modified": formatdate(known.st_mtime, usegmt=True)}
        try:
            return ranged(self.headers.get("Range"), [(self.place, known.st_size)], headers)
        except ValueError:
            raise Refusal(416, "INVALID_PARAMETER_VALUE", "The requested range is not satisfiable.") from None

    def _delete(self):
        self._file()
        self.place.unlink()
        return Answer(204)

    # Directories

    def _directory(self):
        if not self.place.is_dir():
            raise not_found("directory")

    def _create_directory(self):
        self.place.mkdir(parents=True, exist_ok=True)
        return Answer(204)

    def _head_directory(self):
        self._directory()
        return Answer(200)

    def _delete_directory(self):
        self._directory()
        if self.place == self.volume:
            raise self._invalid("The path names a volume, not a directory in it.")
        if any(self.place.iterdir()):
            raise Refusal(400, "FILES_API_DIRECTORY_IS_NOT_EMPTY", "The directory is not empty.")
        self.place.rmdir()
        return Answer(204)

    def _list(self):
        self._directory()
        size = self.params.get("page_size", str(PAGE))
        if not size.isdecimal():
            raise self._invalid(f"page_size={size!r} is no number.")
        size = min(int(size), PAGE) or PAGE
        after = urlsafe_b64decode(self.params.get("page_token", "")).decode(errors="surrogateescape")
        names = sorted(name for name in os.listdir(self.place) if name > after)
        page = {"contents": [self._entry(name) for name in names[:size]]}
        if len(names) > size:
            page["next_page_token"] = urlsafe_b64encode(names[size - 1].encode(errors="surrogateescape")).decode()
        return Answer(200, json.dumps(page).encode(), {"Content-Type": "application/json"})

    def _entry(self, name):
        path = self.place / name
        entry = {"path": f"{self.path.rstrip('/')}/{name}", "name": name, "is_directory": path.is_dir()}
        if not path.is_dir():
            entry |= {"file_size": path.stat().st_size, "last_modified": int(path.stat().st_mtime * 1000)}
        return entry
