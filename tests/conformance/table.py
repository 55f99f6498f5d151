"""Compares the table in sandbox/README.md with what the clients' suites have just passed.

    python tests/conformance/table.py CLIENT...      those columns; prints each row that is wrong, exits 1
    python tests/conformance/table.py --write CLIENT...      writes them anew

A suite leaves a line `client<TAB>feature<TAB>test` in build/conformance/ for every test that passed. A cell is green if there
is such a line, and otherwise not: nobody can tick one by hand.
"""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
README, RESULTS = TOP / "sandbox/README.md", TOP / "build/conformance"
GREEN, NONE = "✓", "·"
TABLE = re.compile(r"^\| feature \|.*\n\|[-|]*\n((?:\|.*\n)+)", re.M)


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def written(names, rows):
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|", *("| " + " | ".join(row) + " |" for row in rows)]
    return "\n".join(lines) + "\n"


def main(arguments):
    text = README.read_text()
    found = TABLE.search(text)
    names, *rows = (cells(line) for line in found.group().splitlines() if not line.startswith("|---"))
    clients = [argument for argument in arguments if argument != "--write"]
    passed = {tuple(line.split("\t")[:2]) for file in RESULTS.glob("*.txt") for line in file.read_text().splitlines()}
    unknown = sorted({feature for client, feature in passed if client in clients} - {row[0] for row in rows})
    wrong = [f"{feature}: a test covers it, the table has no such row" for feature in unknown]
    for row in rows:
        for client in clients:
            at = names.index(client)
            now = GREEN if (client, row[0]) in passed else NONE
            if row[at] != now:
                wrong.append(f"{row[0]}, {client}: the table says {row[at]}, the tests that passed say {now}")
                row[at] = now
    if "--write" in arguments:
        README.write_text(text.replace(found.group(), written(names, rows)))
        wrong = wrong[:len(unknown)]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
