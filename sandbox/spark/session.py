"""A session with one of Spark's own behind it: temporary views and settings live there."""

from ..session import ANSI, ZONES, Session
from .names import database

CONF = {"ANSI_MODE": "spark.sql.ansi.enabled", "TIMEZONE": "spark.sql.session.timeZone"}


class SparkSession(Session):
    def __init__(self, target, spark):
        super().__init__(target)
        self.spark = spark
        self.enter()

    def check(self, name, value):
        if name not in ANSI:        # sessions without ANSI mode are possible here
            super().check(name, value)

    def configure(self, key, value):
        super().configure(key, value)
        name = CONF.get(key.upper(), key)
        if name.startswith("spark."):
            self.spark.conf.set(name, self.zone if name in ZONES else value)

    def enter(self):
        """Makes the current schema Spark's."""
        self.spark.catalog.setCurrentDatabase(database(self.namespace))
