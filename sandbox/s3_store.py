"""The objects of S3: their bytes in files whose names tell nothing of their keys, all else in an index."""

import json
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (bucket TEXT, key BLOB, size INTEGER, etag TEXT, crc32 TEXT, checksum_type TEXT, modified REAL,
    headers TEXT, files TEXT, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, bucket TEXT, key BLOB, begun REAL, checksum_type TEXT, headers TEXT,
    answer TEXT);
CREATE TABLE IF NOT EXISTS parts (upload TEXT, number INTEGER, size INTEGER, etag TEXT, crc32 TEXT, modified REAL, file TEXT,
    PRIMARY KEY (upload, number)) WITHOUT ROWID;
"""


@dataclass
class Object:
    size: int
    etag: str
    crc32: str              # in base64, or None
    checksum_type: str      # FULL_OBJECT or COMPOSITE, or None
    modified: float
    headers: dict = field(default_factory=dict)
    files: list = field(default_factory=list)       # [name, bytes]: one behind the other they are the object


@dataclass
class Part:
    number: int
    size: int
    etag: str
    crc32: str
    modified: float
    file: str


@dataclass
class Upload:
    id: str
    bucket: str
    key: bytes
    begun: float
    checksum_type: str      # None: no checksums
    headers: dict
    answer: dict            # None until complete: what its completion was answered with


def read_upload(row):
    *rest, headers, answer = row
    return Upload(*rest, json.loads(headers), json.loads(answer) if answer else None)


class Store:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(self.folder / "index.sqlite", check_same_thread=False)
        # What the sandbox has answered survives its own end, which is all that is asked of it.
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SCHEMA)
        self._sweep()

    def _sweep(self):
        """Removes the files of requests that an earlier process did not finish."""
        known = {name for (files,) in self._db.execute("SELECT files FROM objects") for name, _ in json.loads(files)}
        known |= {name for (name,) in self._db.execute("SELECT file FROM parts")}
        for path in self.data.iterdir():
            if path.name not in known:
                path.unlink()

    def close(self):
        self._db.close()

    def paths(self, files):
        return [(self.data / name, size) for name, size in files]

    def _drop(self, names):
        for name in names:
            (self.data / name).unlink(missing_ok=True)

    # Objects

    def find(self, bucket, key):
        with self._lock:
            row = self._db.execute("SELECT size, etag, crc32, checksum_type, modified, headers, files FROM objects "
                                   "WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        return Object(*row[:5], json.loads(row[5]), json.loads(row[6])) if row else None

    def put(self, bucket, key, made, only_new=False):
        """Whether the object was stored: with `only_new` one that is there already stays."""
        with self._lock, self._db:
            old = self.find(bucket, key)
            if old and only_new:
                return False
            self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                             (bucket, key, made.size, made.etag, made.crc32, made.checksum_type, made.modified,
                              json.dumps(made.headers), json.dumps(made.files)))
        self._drop(name for name, _ in old.files) if old else None
        return True

    def remove(self, bucket, key):
        with self._lock, self._db:
            old = self.find(bucket, key)
            self._db.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))
        self._drop(name for name, _ in old.files) if old else None

    def list(self, bucket, prefix, after):
        """(key, size, etag, modified, checksum_type), in order, of the keys with a prefix that come after one."""
        with self._lock:
            return self._db.execute("SELECT key, size, etag, modified, checksum_type FROM objects WHERE bucket = ? AND key >= ? AND key > ? "
                                    "AND substr(key, 1, ?) = ? ORDER BY key", (bucket, prefix, after, len(prefix), prefix)).fetchall()

    # Uploads in parts

    def begin(self, bucket, key, checksum_type, headers):
        upload = uuid.uuid4().hex
        with self._lock, self._db:
            self._db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, NULL)",
                             (upload, bucket, key, time.time(), checksum_type, json.dumps(headers)))
        return upload

    def upload(self, bucket, key, upload):
        """An upload, also a completed one, or None."""
        with self._lock:
            row = self._db.execute("SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?", (upload, bucket, key)).fetchone()
        return read_upload(row) if row else None

    def uploads(self, bucket, prefix):
        """Those not yet complete, by key and then by age."""
        with self._lock:
            rows = self._db.execute("SELECT * FROM uploads WHERE bucket = ? AND substr(key, 1, ?) = ? AND answer IS NULL "
                                    "ORDER BY key, begun, id", (bucket, len(prefix), prefix)).fetchall()
        return [read_upload(row) for row in rows]

    def parts(self, upload):
        with self._lock:
            rows = self._db.execute("SELECT number, size, etag, crc32, modified, file FROM parts WHERE upload = ? ORDER BY number",
                                    (upload,)).fetchall()
        return [Part(*row) for row in rows]

    def put_part(self, upload, part):
        """Whether the part was stored: the upload may have ended meanwhile."""
        with self._lock, self._db:
            if not self._db.execute("SELECT 1 FROM uploads WHERE id = ? AND answer IS NULL", (upload,)).fetchone():
                return False
            old = self._db.execute("SELECT file FROM parts WHERE upload = ? AND number = ?", (upload, part.number)).fetchone()
            self._db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
                             (upload, part.number, part.size, part.etag, part.crc32, part.modified, part.file))
        self._drop(old or ())
        return True

    def complete(self, upload, made, answer, only_new):
        """Makes an object of an upload's parts. Whether it was stored."""
        with self._lock:
            if not self.put(upload.bucket, upload.key, made, only_new):
                return False
            used = {name for name, _ in made.files}
            with self._db:
                unused = [part.file for part in self.parts(upload.id) if part.file not in used]
                self._db.execute("DELETE FROM parts WHERE upload = ?", (upload.id,))
                self._db.execute("UPDATE uploads SET answer = ? WHERE id = ?", (json.dumps(answer), upload.id))
        self._drop(unused)
        return True

    def abort(self, upload):
        with self._lock, self._db:
            files = [part.file for part in self.parts(upload.id)]
            self._db.execute("DELETE FROM parts WHERE upload = ?", (upload.id,))
            self._db.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))
        self._drop(files)
