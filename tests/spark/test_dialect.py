"""What tests/sandbox/test_hive.py says of the sandbox's other dialect, held against the server that it is taken from."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from test_hive import (  # noqa: E402, F401
    test_a_protocol_that_is_not_known_counts_as_none,
    test_an_error_at_once_comes_without_a_handle,
    test_an_error_of_a_statement_that_runs_by_itself,
    test_answers_come_in_chunks,
    test_handles_that_are_not_known,
    test_listing,
    test_null_bitmaps_are_cut_and_nulls_hold_something,
    test_pages,
    test_protocols,
    test_settings_of_a_session,
    test_statements_without_rows,
    test_values_as_text,
    test_zoneless_timestamps_look_like_others,
    wire,
)


@pytest.fixture
def hive(spark):
    return spark
