"""The engine Spark with Delta, in process: dialect, CSV reader, casts and table histories are the real ones."""
