"""What the tables of scripts/bench say of samples."""

import pytest

from tests.bench import tables
from tests.bench.measures import MEASURES, QUICK, TARGETS, Target


def samples(*cpu_seconds, mib=10):
    return [{"rows": 1000, "wall_s": 2 * cpu_s, "cpu_s": cpu_s, "mib": mib} for cpu_s in cpu_seconds]


RESULT = {"suite": "import", "machine": {"cpu": "x", "cores": 2, "memory_gb": 4, "system": "s", "date": "d", "load": 0}, "rows": 1000,
          "page_rows": 100, "rounds": 3, "titles": {"import": "ours", "go_import": "theirs"},
          "samples": {"import": samples(1, 2, 30), "go_import": samples(20, 10, 4, mib=50)}}


def test_a_figure_is_the_median_of_its_runs():
    assert tables.medians(RESULT)["import"] == {"wall": 250, "cpu": 500, "cpu_s": 2, "mib": 10}


@pytest.mark.parametrize("target, ratio, enough", [
    (Target("", "import", ("go_import",), "cpu", 5), 5, True), (Target("", "import", ("go_import",), "cpu", 5.1), 5, False),
    (Target("", "go_import", ("import", "go_import"), "cpu", 1), 0.2, False),
    (Target("", "import", (), "mib", 10, most=True), 10, True), (Target("", "go_import", (), "mib", 24, most=True), 50, False)])
def test_a_target_is_held_against_the_best_of_its_peers(target, ratio, enough):
    *_, got, reached = tables.reached(target, tables.medians(RESULT))
    assert (got, reached) == (pytest.approx(ratio), enough)


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
