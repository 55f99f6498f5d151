"""What a server holds: the database, the sessions, their operations, the fault script and the log of calls."""

import threading
import uuid
from collections import deque

from .database import Database
from .faults import Faults

LOGGED_CALLS = 100_000


class Workspace:
    def __init__(self, path=":memory:", tokens=("sandbox",), results="lz4"):
        self.database = Database(path)
        self.tokens = set(tokens)
        self.results = results          # the richest form that results are sent in
        self.faults = Faults()
        self._lock = threading.Lock()
        self._sessions, self._operations = {}, {}
        self._log = deque(maxlen=LOGGED_CALLS)

    def add_session(self, session):
        with self._lock:
            self._sessions[session.id.bytes] = session

    def session(self, handle):
        """The session of a handle, or None. The secret counts: a guid alone opens nothing."""
        found = self._sessions.get(handle.sessionId.guid)
        return found if found and found.secret.bytes == handle.sessionId.secret else None

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
        return found if found and found.secret.bytes == handle.operationId.secret else None

    def drop_operation(self, operation):
        with self._lock:
            self._operations.pop(operation.id.bytes, None)
        operation.close()

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
        self.database.close()


def shown(guid):
    return str(uuid.UUID(bytes=guid)) if guid and len(guid) == 16 else "?"
