"""Errors of Spark in the form of the sandbox's."""

import re

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import AnalysisException, ParseException, PySparkException

from ..errors import ANALYSIS, PARSE, RUNTIME, SqlError
from .names import restored

ENGINE_ERRORS = (PySparkException, Py4JError)
THROWABLE = "org.apache.spark.SparkThrowable"
# These only say that something failed within a task; what it was is among their causes.
WRAPPERS = {"TASK_WRITE_FAILED", "UNCLASSIFIED"}
PLAN = re.compile(r";\n(?=['+A-Z(])")
CLASS = re.compile(r"\s*\[([A-Z0-9_.]+)\]\s*")
STATE = re.compile(r"\s*SQLSTATE: (\w{5})[;,]?")
DEEPEST = 20


def failure(error):
    """The SqlError that an exception of pyspark stands for."""
    if isinstance(error, PySparkException) and error.getCondition():
        java = PARSE if isinstance(error, ParseException) else ANALYSIS if isinstance(error, AnalysisException) else RUNTIME
        return _error(error.getCondition(), error.getSqlState(), str(error), java)
    origin = error.java_exception if isinstance(error, Py4JJavaError) else getattr(error, "_origin", None)
    links = list(_chain(origin)) if origin is not None else []
    named = [link for link in links if link[0] not in WRAPPERS]
    if named:
        condition, state, _ = named[0]
        return _error(condition, state, "\nCaused by: ".join(message for _, _, message in named), RUNTIME)
    text = next(iter(links), (None, None, str(error)))[2]
    found = CLASS.search(text)
    return _error(found.group(1) if found else "INTERNAL_ERROR", None, text, RUNTIME)


def _chain(java):
    """The exceptions with a class, from the outermost on: class, SQLSTATE and text."""
    from pyspark import SparkContext
    from py4j.java_gateway import is_instance_of
    for _ in range(DEEPEST):
        if java is None:
            return
        if is_instance_of(SparkContext._gateway, java, THROWABLE) and java.getCondition():
            yield java.getCondition(), java.getSqlState(), java.getMessage()
        java = java.getCause()


def _error(condition, state, text, java):
    text = restored(PLAN.split(text, maxsplit=1)[0]).strip()
    found = STATE.search(text)
    state = state or (found.group(1) if found else "XX000")
    head, rest = (text[:found.start()], text[found.end():].strip(" ")) if found else (text, "")
    error = SqlError(condition, CLASS.sub("", head, count=1).strip(), state, java)
    if rest:
        error.display += rest if rest[0] == "\n" else " " + rest
        error.message += rest if rest[0] == "\n" else " " + rest
    return error
