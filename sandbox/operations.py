"""Statements at work: each runs in a thread of its own."""

import threading
import time
import uuid

from databricks.sql.thrift_api.TCLIService.ttypes import TOperationState as State
from databricks.sql.thrift_api.TCLIService.ttypes import TOperationType

from . import redact
from .errors import ENGINE_ERRORS, SqlError, from_engine

LONGEST_STOP = 10
ENDED = {State.TIMEDOUT_STATE: ("STATEMENT_TIMEOUT", "The statement ran out of its time.", "57014"),
         State.CANCELED_STATE: ("OPERATION_CANCELED", "Operation has been canceled.", "HY008")}
ACTIVE = (State.INITIALIZED_STATE, State.PENDING_STATE, State.RUNNING_STATE)


class Operation:
    """A statement of a session. It runs in that session, unless another is given to run it in."""

    def __init__(self, session, statement, kind=TOperationType.EXECUTE_STATEMENT, runs_in=None):
        self.id, self.secret = uuid.uuid4(), uuid.uuid4()
        self.session, self.statement, self.kind, self._runs_in = session, statement, kind, runs_in or session
        self.state = State.RUNNING_STATE
        self.error = self.result = self.modified = None
        self.started, self.completed = _now(), None
        self.lock = threading.Lock()        # around the result, which is for one thread at a time
        self._work = self._thread = None
        self.touched = time.monotonic()
        self._done = threading.Event()
        self._stop = threading.Event()
        self._hold = None                   # a fault that keeps it running for a while
        self._polls = 0                     # to come before a held statement goes on
        self._begin = threading.Event()
        self._taken = threading.Event()     # a COPY INTO has taken its files, or has ended

    def start(self, engine, form, parameters=None, timeout=0, hold=None):
        self._hold, self._polls = hold, (hold or {}).get("polls", 0)
        self._thread = threading.Thread(target=self._run, args=(engine, form, parameters), daemon=True)
        self._thread.start()
        if timeout:
            timer = threading.Timer(timeout, self.stop, [State.TIMEDOUT_STATE])
            timer.daemon = True
            timer.start()
        if hold and hold.get("loading"):
            self._taken.wait()      # whoever comes after the answer finds the files taken

    def _run(self, engine, form, parameters):
        try:
            if self._hold and not self._hold.get("loading"):
                self._wait()
            self._work = engine.work(self._runs_in)
            result, self.modified = self._work.run(self.statement, parameters, form, self)
            result.prepare()
            self._finish(State.FINISHED_STATE, result=result)
        except ENGINE_ERRORS as error:
            self._fail(from_engine(error))
        except SqlError as error:
            self._fail(error)
        except Exception as error:      # a bug of ours must not leave the operation running for ever
            self._fail(SqlError("INTERNAL_ERROR", f"{type(error).__name__}: {error}", "XX000"))

    def _fail(self, error):
        self._finish(State.ERROR_STATE, error=redact.error(error, self.statement))

    def _wait(self):
        """Stays RUNNING for a while, so that polling and cancelling can be seen."""
        self._begin.wait(self._hold.get("seconds"))
        self.check()

    def taken(self):
        """Called by a COPY INTO that has taken its files: a fault may hold it there."""
        self._taken.set()
        if self._hold and self._hold.get("loading"):
            self._wait()

    def check(self):
        """Ends a statement that was stopped, and that no interrupt reaches."""
        if self._stop.is_set():
            raise SqlError(*ENDED[State.CANCELED_STATE])

    def polled(self):
        """Counts a question for the state."""
        self._polls -= 1
        if self._hold and "polls" in self._hold and self._polls <= 0:
            self._begin.set()

    def release(self):
        """Ends what a fault keeps up."""
        self._begin.set()

    def _finish(self, state, result=None, error=None):
        with self.lock:
            if self.state in ACTIVE:
                self.state, self.result, self.error, self.completed = state, result, error, _now()
                self.touched = self.session.touched = time.monotonic()
        self._done.set()
        self._taken.set()

    def wait(self, seconds=None):
        """Whether the statement has ended, after waiting for it at most this long."""
        return self._done.wait(seconds)

    def stop(self, state=State.CANCELED_STATE):
        """Ends a running statement: cancelled, or out of time."""
        self._finish(state, error=SqlError(*ENDED[state]))
        self._interrupt()

    def close(self):
        if not self.wait(0):
            self.stop()
        with self.lock:
            self.result = None
            if self._work is not None and not self._thread.is_alive():
                self._work.close()

    def _interrupt(self):
        """Interrupts until the thread has ended: an interrupt between two steps of its work would be lost."""
        self._stop.set()
        self._begin.set()
        deadline = time.monotonic() + LONGEST_STOP
        while self._thread.is_alive() and time.monotonic() < deadline:
            if self._work is not None:
                self._work.interrupt()
            self._thread.join(0.02)


def _now():
    return int(time.time() * 1000)
