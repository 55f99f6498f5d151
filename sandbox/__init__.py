"""A Databricks workspace on loopback: the Thrift service of a SQL warehouse or cluster, with DuckDB as its engine."""
