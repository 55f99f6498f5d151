"""docs/limits.md says what the sources say: each constant has the number of its row, each row a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows():
    for line in (ROOT / "docs/limits.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0] not in ("what", "---"):
            yield cells


def value(name, path):
    """What a constant is defined as, casts and suffixes taken off."""
    text = (ROOT / path).read_text().replace("\\\n", " ")
    found = re.search(rf"(?:#define\s+{name}\s+|\b{name} = )(.*?)\s*(?:/\*|,|\n)", text)
    assert found, f"{path} has no {name}"
    number = re.sub(r"INT64_C|\(size_t\)|\(int64_t\)", "", found.group(1))
    assert re.fullmatch(r"[\d\s()<*+-]+", number), f"{path}: {name} is {number}"
    return eval(number)


def test_numbers_are_those_of_the_sources():
    checked = 0
    for what, most, _, constant, _ in rows():
        if constant == "":
            continue
        name, path = re.findall(r"`([^`]+)`", constant)
        less = 1 if "less one" in constant else 0
        assert value(name, path) - less == int(most.replace(",", "")), what
        checked += 1
    assert checked > 20


def test_every_limit_has_a_test():
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("*/test_*.c"))
    for what, *_, test in rows():
        assert f"START_TEST({test.strip('`')})" in tests, what


def test_every_cap_of_a_header_is_listed():
    listed = {name for *_, constant, _ in rows() for name in re.findall(r"`(LDBX_MAX_\w+)`", constant)}
    defined = {name for path in (ROOT / "src").glob("*/*.h") for name in re.findall(r"#define (LDBX_MAX_\w+)", path.read_text())}
    assert defined == listed
