"""Where the addresses of staged files lead: a directory, a volume, a bucket. Nothing here knows a table or an engine.

A source is an address as COPY INTO names it. `list` gives the names and sizes of the files below it, `read` copies one of them
into a local file. Names are relative to the source, with `/` between folders; the name "" is the source itself, if that is a file.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from . import s3_client
from .errors import SqlError, no_volume, unsupported
from .s3_client import Keys

BAD_TOKENS = ("ExpiredToken", "InvalidToken")       # these have HTTP status 400
GLOB = re.compile(r"[*?\[\]{}\\]")


@dataclass(frozen=True)
class Entry:
    name: str
    size: int


class Source:
    """`address` is the source as the load ledger names it, without a slash at its end."""

    def __init__(self, address):
        self.address = address

    def path(self, name):
        """A file's full address: what the ledger remembers it by."""
        return f"{self.address}/{name}" if name else self.address

    def list(self, deep=False):
        """The files below the source, in order; those in folders of it only if `deep`."""
        raise NotImplementedError

    def read(self, name, path):
        """Copies a file to `path`; its size, or None if there is no such file."""
        raise NotImplementedError


class Folder(Source):
    """A directory of this machine, or of a volume."""

    def __init__(self, address, folder):
        super().__init__(address)
        self.folder = Path(folder)

    def list(self, deep=False):
        if self.folder.is_file():
            return [Entry("", self.folder.stat().st_size)]
        if not self.folder.is_dir():
            raise no_path(self.address)
        files = [file for file in self.folder.glob("**/*" if deep else "*") if file.is_file()]
        return sorted((Entry(file.relative_to(self.folder).as_posix(), file.stat().st_size) for file in files),
                      key=lambda entry: entry.name)

    def read(self, name, path):
        file = inside(self.folder, name)
        if not file.is_file():
            return None
        shutil.copyfile(file, path)
        return os.path.getsize(path)


class Bucket(Source):
    """A prefix of a bucket, as the keys of one statement may see it."""

    def __init__(self, address, client):
        super().__init__(address)
        self._client = client
        self._bucket, _, self._prefix = address.split("://", 1)[1].partition("/")

    def _key(self, name):
        return "/".join(filter(None, (self._prefix, name)))

    def list(self, deep=False):
        below = self._prefix + "/" if self._prefix else ""
        try:
            found = [Entry(key.removeprefix(below), size) for key, size in self._client.list(self._bucket, below, deep)]
            if not found and self._prefix:
                found = [Entry("", size) for key, size in self._client.list(self._bucket, self._prefix, True) if key == self._prefix]
        except (s3_client.Refused, OSError) as error:
            raise self._failed(error, self.address) from None
        if not found:
            raise no_path(self.address)
        return sorted((entry for entry in found if not entry.name.endswith("/")), key=lambda entry: entry.name)

    def read(self, name, path):
        try:
            return self._client.read(self._bucket, self._key(name), path)
        except (s3_client.Refused, OSError) as error:
            raise self._failed(error, self.path(name)) from None

    @staticmethod
    def _failed(error, path):
        if isinstance(error, s3_client.Refused) and (error.status == 403 or error.code in BAD_TOKENS):
            return SqlError("UNAUTHORIZED_ACCESS", f"Unauthorized access: {path}: HTTP {error.status} {error.code}.", "42501")
        return SqlError("FAILED_READ_FILE.NO_HINT", f"Encountered error while reading file {path}. {error}.", "KD001")


def no_path(address):
    return SqlError("PATH_NOT_FOUND", f"Path does not exist: {address}.", "42K03")


def inside(folder, name):
    """A file of a folder, which its name cannot lead out of."""
    parts = PurePosixPath("/" + name).parts[1:]
    if ".." in parts or "\0" in name:
        raise SqlError("INVALID_PATH", f"The path {name!r} is not valid.", "42K03")
    return folder.joinpath(*parts)


class Objects:
    """The places that a workspace can read from.

    `volumes` is a folder that holds {catalog}/{schema}/{volume}/... in lower case: a volume is there when its folder is. `credentials`
    are the stored ones, by name. `locations` are addresses that are read with a stored credential, so that a statement needs none.
    """

    def __init__(self, volumes, credentials=None, locations=None):
        self.volumes, self.credentials, self.locations = Path(volumes), credentials or {}, locations or {}
        self.endpoint = self.ca_file = None     # of S3; known when the server has its port

    def _folder(self, parts):
        """The folder of a catalog, schema or volume, or None: a name that would lead elsewhere has none."""
        if any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
            return None
        return self.volumes.joinpath(*(part.lower() for part in parts))

    def volume(self, parts):
        """The folder of a volume, by its catalog, schema and name."""
        folder = self._folder(parts)
        if folder is None:
            raise SqlError("INVALID_PATH", f"{'/'.join(parts)!r} names no volume.", "42K03")
        return folder

    def volumes_of(self, schema):
        """The names of a schema's volumes."""
        folder = self._folder(schema)
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder and folder.is_dir() else []

    def remove(self, path):
        """Removes a volume, or all volumes of a schema or catalog, with their files."""
        folder = self._folder(path)
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    def file(self, path):
        """Where a path `/Volumes/catalog/schema/volume/...` is: the volume's folder, and the file or folder in it."""
        start, *parts = path.strip("/").split("/")
        if start != "Volumes" or len(parts) < 3:
            raise SqlError("INVALID_PATH", f"{path!r} is no path of a volume.", "42K03")
        folder = self.volume(parts[:3])
        return folder, inside(folder, "/".join(parts[3:]))

    def source(self, url, credential=None):
        """What an address leads to. `credential` is what the statement gives: Keys, the name of a stored credential, or None."""
        if GLOB.search(url):
            raise unsupported(f"patterns in a source ({url}); use PATTERN")
        address = url.rstrip("/")
        if address.startswith("s3://") and address.split("://", 1)[1]:
            return Bucket(address, s3_client.Client(self.endpoint, self._keys(address, credential), ca_file=self.ca_file))
        if credential is not None:
            raise SqlError("COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON", f"Invalid scheme {address.partition(':')[0]}. COPY INTO source "
                           "credentials currently only supports s3/s3n/s3a/wasbs/abfss.", "42601")
        address = address.removeprefix("dbfs:")
        if address.startswith("/Volumes/"):
            folder, place = self.file(address)
            if not folder.is_dir():
                raise no_volume(*address.split("/")[2:5])
            return Folder(address, place)
        folder = re.sub("^file:(//)?", "", address)
        if not folder.startswith("/"):
            raise unsupported(f"the source {url}; known are /Volumes/..., s3://..., file:/... and /...")
        return Folder("file:" + folder, folder)

    def _keys(self, address, credential):
        covered = [name for place, name in self.locations.items() if (address + "/").startswith(place.rstrip("/") + "/")]
        if covered and credential is not None:
            raise SqlError("COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON", f"{address} is governed by an external location; credentials are "
                           "not allowed there.", "42601")
        if isinstance(credential, Keys):
            return credential
        if credential is None and not covered:
            raise SqlError("COPY_INTO_CREDENTIALS_REQUIRED", "Invalid COPY INTO source: no external location covers "
                           f"{address}; credentials are required.", "42601")
        name = credential or covered[0]
        if name not in self.credentials:
            raise SqlError("STORAGE_CREDENTIAL_DOES_NOT_EXIST", f"Storage credential '{name}' does not exist.", "42704")
        return self.credentials[name]
