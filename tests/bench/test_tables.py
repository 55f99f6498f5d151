"""What the tables of scripts/bench say of samples."""

import pytest

from tests.bench import tables
from tests.bench.measures import MEASURES, QUICK, TARGETS, Target


def samples(*cpu_seconds, mib=10, mb=0):
    return [{"rows": 1000, "wall_s": 2 * cpu_s, "cpu_s": cpu_s, "mib": mib, "mb": mb} for cpu_s in cpu_seconds]


RESULT = {"suite": "import", "machine": {"cpu": "x", "cores": 2, "memory_gb": 4, "system": "s", "date": "d", "load": 0}, "rows": 1000,
          "page_rows": 100, "rounds": 3, "titles": {"import": "ours", "go_import": "theirs"},
          "samples": {"import": samples(1, 2, 30), "go_import": samples(20, 10, 4, mib=50)}}


def test_a_figure_is_the_median_of_its_runs():
    assert tables.medians(RESULT)["import"] == {"wall": 250, "cpu": 500, "cpu_s": 2, "mib": 10, "mb": 0}


@pytest.mark.parametrize("target, ratio, enough", [
    (Target("", "import", ("go_import",), "cpu", 5), 5, True), (Target("", "import", ("go_import",), "cpu", 5.1), 5, False),
    (Target("", "go_import", ("import", "go_import"), "cpu", 1), 0.2, False),
    (Target("", "import", ("import", "go_import"), "wall", 5, slowest=True), 5, True),
    (Target("", "import", (), "mib", 10, most=True), 10, True), (Target("", "go_import", (), "mib", 24, most=True), 50, False)])
def test_a_target_is_held_against_the_best_of_its_peers(target, ratio, enough):
    *_, got, reached = tables.reached(target, tables.medians(RESULT))
    assert (got, reached) == (pytest.approx(ratio), enough)


def test_what_was_written_has_a_column_where_anything_was():
    assert "MB written" not in tables.text(RESULT)
    written = tables.text(RESULT | {"samples": {"import": samples(1, mb=41.25), "go_import": samples(2)}})
    assert "| client | rows/s | rows per CPU second | CPU s | peak MiB | MB written |\n|---|---|---|---|---|---|\n" in written
    assert "| ours | 500 | 1,000 | 1.000 | 10 | 41.2 |\n| theirs | 250 | 500 | 2.000 | 10 | |" in written


@pytest.mark.parametrize("suite", MEASURES)
def test_every_target_names_measures(suite, tmp_path):
    names = {measure.name for measure in MEASURES[suite](QUICK, tmp_path)}
    for target in TARGETS[suite]:
        assert {target.ours, *target.peers} <= names


def test_the_page_keeps_what_stands_around_the_tables(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- import: written by scripts/bench -->\nold\n<!-- end of import -->\nafter\n")
    tables.write(page, {"import": RESULT})
    written = page.read_text()
    assert written.startswith("before\n") and written.endswith("<!-- end of import -->\nafter\n") and "old" not in written
    assert "| theirs | 50 | 100 | 10.000 | 50 |" in written
    with pytest.raises(SystemExit):
        tables.write(page, {"fetch": RESULT})
