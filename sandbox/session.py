"""A session: where unqualified names are looked up, its temporary views and its settings."""

import time
import uuid

from .errors import SqlError, no_schema, no_table, unsupported

ZONES = ("TIMEZONE", "spark.sql.session.timeZone")
ANSI = ("ANSI_MODE", "spark.sql.ansi.enabled")

# What a SQL warehouse lets a session set; it refuses everything else.
WAREHOUSE = {"ANSI_MODE": "true", "ENABLE_PHOTON": "true", "LEGACY_TIME_PARSER_POLICY": "EXCEPTION",
             "MAX_FILE_PARTITION_BYTES": "128m", "READ_ONLY_EXTERNAL_METASTORE": "false", "STATEMENT_TIMEOUT": "172800",
             "TIMEZONE": "UTC", "USE_CACHED_RESULT": "true", "QUERY_TAGS": ""}
HIVE_CATALOG = "spark_catalog"       # the only one where open-source Spark has no other configured
CLUSTER = {"spark.sql.ansi.enabled": "true", "spark.sql.session.timeZone": "UTC",
           "spark.sql.parser.escapedStringLiterals": "false"}
HARMLESS = ("spark.thriftserver.", "query_tags", "spark.databricks.")


class Session:
    def __init__(self, target, namespace=("main", "default")):
        self.id, self.secret = uuid.uuid4(), uuid.uuid4()
        self.target, self.namespace = target, namespace
        self.touched = time.monotonic()
        self.views = {}
        self.zone = "UTC"
        self.settings = dict(WAREHOUSE if target == "warehouse" else CLUSTER)

    def configure(self, key, value):
        """SET key = value, or one pair of the configuration that opens a session."""
        name = next((known for known in self.settings if known.lower() == key.lower()), key)
        if self.target == "warehouse" and name not in WAREHOUSE and not key.lower().startswith(HARMLESS) \
                and name not in CLUSTER:
            raise SqlError("CONFIG_NOT_AVAILABLE", f"Configuration {key} is not available.", "42K0I")
        self.check(name, value)
        self.settings[name] = value
        if name in ZONES:
            self._set_zone(value)

    def check(self, name, value):
        """Refuses a value that the engine does not follow."""
        if name in ANSI and value.lower() != "true":
            raise unsupported("sessions without ANSI mode")
        if name == "spark.sql.parser.escapedStringLiterals" and value.lower() != "false":
            raise unsupported(f"{name} = {value}")

    def _set_zone(self, value):
        if not all(c.isalnum() or c in "_/+-:" for c in value):
            raise SqlError("INVALID_TIMEZONE", f"The timezone: {value} is invalid.", "22009")
        self.zone = "UTC" if value in ("UTC", "Etc/UTC", "Z", "GMT") else value
        self.settings.update({name: value for name in ZONES if name in self.settings})

    def setting(self, key):
        for name, value in self.settings.items():
            if name.lower() == key.lower():
                return value
        if self.target == "warehouse":
            raise SqlError("CONFIG_NOT_AVAILABLE", f"Configuration {key} is not available.", "42K0I")
        return "<undefined>"

    @property
    def arrow_zone(self):
        return "Etc/UTC" if self.zone == "UTC" else self.zone

    def schema_path(self, parts, length):
        """A catalog (length 1) or catalog and schema (2), filled up from the current ones."""
        return full_path(self.namespace, parts, length)

    def table_path(self, parts):
        return full_path(self.namespace, parts, 3)


def full_path(namespace, parts, length):
    """The parts of a name, filled up from the front. Where there is but one catalog, a name cannot lead out of it."""
    path = (*namespace[:length - len(parts)], *parts)
    if len(parts) > length or namespace[0] == HIVE_CATALOG != path[0].lower():
        raise SqlError("REQUIRES_SINGLE_PART_NAMESPACE", f"{path[0]} requires a single-part namespace, but got "
                       f"{'.'.join(parts)}.", "42K05")
    if namespace[0] == HIVE_CATALOG and len(path) > 1 and path[1].lower() == "information_schema":
        raise no_schema(*path) if length == 2 else no_table(*path)
    return path
