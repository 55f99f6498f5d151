"""What a server holds: the engine, the sessions, their operations, the fault script and the log of calls."""

import shutil
import tempfile
import threading
import time
import uuid
from collections import deque
from pathlib import Path

from .duck import Duck
from .faults import Faults
from .oauth import OAuth
from .objects import Objects
from .s3 import S3

LOGGED_CALLS = 100_000
REMEMBERED = 1000       # evicted operations


class Workspace:
    def __init__(self, path=":memory:", tokens=("sandbox",), results="lz4", session_idle=0, operation_idle=0, oauth=None,
                 catalogs=("main", "samples"), logins=(), storage=None, s3_keys=(), credentials=None, locations=None, engine=Duck):
        self._scratch = tempfile.TemporaryDirectory(prefix="sandbox-storage-")
        folder = Path(storage or self._scratch.name)
        self.objects = Objects(folder / "volumes", credentials, locations)
        self.s3 = S3(folder / "s3", s3_keys)
        self.incoming = folder / "incoming"     # files of volumes, while they come
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir(parents=True)
        self.engine = engine(path, catalogs, self.objects)
        self.tokens, self.logins, self.oauth = set(tokens), set(logins), oauth or OAuth()
        self.results = results          # the richest form that results are sent in
        self.session_idle, self.operation_idle = session_idle, operation_idle       # seconds; 0: for ever
        self.faults = Faults()
        self._lock = threading.Lock()
        self._sessions, self._operations = {}, {}
        self._evicted = deque(maxlen=REMEMBERED)
        self._log = deque(maxlen=LOGGED_CALLS)

    def add_session(self, session):
        with self._lock:
            self._sessions[session.id.bytes] = session

    def session(self, handle):
        """The session of a handle, or None. The secret counts: a guid alone opens nothing."""
        found = self._sessions.get(handle.sessionId.guid)
        if found is None or found.secret.bytes != handle.sessionId.secret:
            return None
        found.touched = time.monotonic()
        return found

    def drop_session(self, session):
        with self._lock:
            self._sessions.pop(session.id.bytes, None)
            lost = [op for op in self._operations.values() if op.session is session]
        for operation in lost:
            self.drop_operation(operation)

    def add_operation(self, operation):
        with self._lock:
            self._operations[operation.id.bytes] = operation

    def operation(self, handle):
        found = self._operations.get(handle.operationId.guid)
        if found is None or found.secret.bytes != handle.operationId.secret:
            return None
        found.touched = found.session.touched = time.monotonic()
        return found

    def drop_operation(self, operation):
        with self._lock:
            self._operations.pop(operation.id.bytes, None)
        operation.close()

    def evict(self, operation):
        """Drops an operation as the service does with one that nobody asks for: whoever asks later gets 404."""
        with self._lock:
            self._evicted.append(operation.id.bytes)
        self.drop_operation(operation)

    def was_evicted(self, handle):
        with self._lock:
            return handle.operationId.guid in self._evicted

    def expire(self):
        """Drops what has been idle for too long: operations that have ended, and sessions in which nothing runs."""
        now = time.monotonic()
        with self._lock:
            sessions, operations = list(self._sessions.values()), list(self._operations.values())
        for operation in operations:
            if self.operation_idle and operation.wait(0) and now - operation.touched > self.operation_idle:
                self.evict(operation)
        busy = {operation.session for operation in operations if not operation.wait(0)}
        for session in sessions:
            if self.session_idle and session not in busy and now - session.touched > self.session_idle:
                self.drop_session(session)

    def release(self):
        """Lets go on what faults keep running."""
        with self._lock:
            operations = list(self._operations.values())
        for operation in operations:
            operation.release()

    def record(self, entry):
        with self._lock:
            self._log.append(entry)

    def log(self):
        with self._lock:
            return list(self._log)

    def clear_log(self):
        with self._lock:
            self._log.clear()

    def close(self):
        with self._lock:
            running = list(self._operations.values())
        for operation in running:
            operation.stop()
        self.engine.close()
        self.s3.store.close()
        self._scratch.cleanup()


def shown(guid):
    return str(uuid.UUID(bytes=guid)) if guid and len(guid) == 16 else "?"
