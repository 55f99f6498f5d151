"""Canned mode: a server that sends prepared bytes, so that a benchmark measures the client and never the server."""
