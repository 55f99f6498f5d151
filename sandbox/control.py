"""The control endpoint: faults, the log of calls, and bulk load. It asks for no token; the server listens on loopback only."""

import json

from .commands import table_path
from .errors import ENGINE_ERRORS, SqlError, from_engine
from .signature import parse_key


def answer(handler, method, path, query, body=b""):
    action = ROUTES.get((method, path))
    if action is None:
        return handler.refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")
    try:
        return handler.reply(200, action(handler.server.workspace, query, body))
    except (ValueError, KeyError) as error:
        return handler.refuse(400, "INVALID_PARAMETER_VALUE", str(error))
    except SqlError as error:
        return handler.refuse(400, error.condition, error.display)
    except ENGINE_ERRORS as error:
        return handler.refuse(400, "LOAD_FAILED", from_engine(error).display)


def set_faults(workspace, query, body):
    workspace.faults.load(json.loads(body or b"{}"))
    return {}


def clear_faults(workspace, query, body):
    workspace.faults.load({"rules": []})
    workspace.release()
    return {}


def log(workspace, query, body):
    return {"calls": workspace.log()}


def clear_log(workspace, query, body):
    workspace.clear_log()
    return {}


def bulk_load(workspace, query, body):
    unknown = set(query) - {"table", "columns", "null", "mode"}
    if unknown:
        raise ValueError(f"unknown: {sorted(unknown)}")
    if not {"table", "columns"} <= set(query):
        raise ValueError("needed: table, columns")
    only = {name: values[0] for name, values in query.items()}
    return workspace.engine.load(only["table"], only["columns"], body, only.get("null", ""), only.get("mode", "append"))


def ledger(workspace, query, body):
    """The files that COPY INTO has loaded into a table."""
    if set(query) != {"table"}:
        raise ValueError("needed: table, and nothing else")
    return {"files": workspace.engine.loaded(table_path(query["table"][0]))}


def age(action):
    """What time does to a table's old versions."""
    def run(workspace, query, body):
        if set(query) != {"table"}:
            raise ValueError("needed: table, and nothing else")
        getattr(workspace.engine, action)(table_path(query["table"][0]))
        return {}
    return run


def one(query, *known):
    """The only parameter of a call, and its value."""
    if len(query) != 1 or not set(query) <= set(known):
        raise ValueError(f"needed: one of {', '.join(known)}")
    ((name, (value, *_)),) = query.items()
    return name, value


def s3_key(workspace, query, body):
    """A key that is added (or is good again), or one that expires."""
    name, value = one(query, "add", "expire")
    if name == "add":
        workspace.s3.keys.add(*parse_key(value))
    else:
        workspace.s3.keys.expire(value)
    return {}


def s3_clock(workspace, query, body):
    """How many seconds S3's clock is ahead of the real one."""
    workspace.s3.clock = float(one(query, "seconds")[1])
    return {}


def ping(workspace, query, body):
    return {"status": "ready"}


ROUTES = {("POST", "/control/faults"): set_faults, ("DELETE", "/control/faults"): clear_faults, ("GET", "/control/log"): log,
          ("POST", "/control/vacuum"): age("vacuum"), ("POST", "/control/cut_history"): age("cut_history"), ("GET", "/control/ledger"): ledger,
          ("DELETE", "/control/log"): clear_log, ("POST", "/control/load"): bulk_load, ("GET", "/control/ready"): ping,
          ("POST", "/control/s3_key"): s3_key, ("POST", "/control/s3_clock"): s3_clock}
