"""The control endpoint: faults, the log of calls, and bulk load. It asks for no token; the server listens on loopback only."""

import json

from .commands import table_path
from .errors import ENGINE_ERRORS, SqlError, from_engine


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


def age(action):
    """What time does to a table's old versions."""
    def run(workspace, query, body):
        if set(query) != {"table"}:
            raise ValueError("needed: table, and nothing else")
        getattr(workspace.engine, action)(table_path(query["table"][0]))
        return {}
    return run


def ping(workspace, query, body):
    return {"status": "ready"}


ROUTES = {("POST", "/control/faults"): set_faults, ("DELETE", "/control/faults"): clear_faults, ("GET", "/control/log"): log,
          ("POST", "/control/vacuum"): age("vacuum"), ("POST", "/control/cut_history"): age("cut_history"),
          ("DELETE", "/control/log"): clear_log, ("POST", "/control/load"): bulk_load, ("GET", "/control/ready"): ping}
