"""What the player wrote, read back."""

import hashlib
import json

PLAIN = {"b": "bool", "c": "int8", "s": "int16", "i": "int32", "l": "int64", "f": "float", "g": "double", "u": "string", "z": "binary",
         "n": "null", "tdD": "date32[day]", "tiM": "month_interval", "tDu": "duration[us]", "tsu:": "timestamp[us]"}


def arrow_type(field):
    """The type of an Arrow C field, as pyarrow spells it."""
    form, children = field["format"], [(child["name"], arrow_type(child)) for child in field["children"]]
    if form.startswith("d:"):
        return f"decimal128({form[2:].replace(',', ', ')})"
    if form.startswith("tsu:") and form != "tsu:":
        return f"timestamp[us, tz={form[4:]}]"
    if form == "+l":
        return f"list<{children[0][0]}: {children[0][1]}>"
    if form == "+m":
        return "map<{}, {}>".format(*(arrow_type(child) for child in field["children"][0]["children"]))
    if form == "+s":
        return "struct<{}>".format(", ".join(f"{name}: {kind}" for name, kind in children))
    return PLAIN[form]


class Outcome:
    """What one statement came to: its steps, and its rows as the lines that the player wrote."""

    def __init__(self, execute):
        self.execute, self.rows, self.end = execute, [], None

    @property
    def status(self):
        return self.execute["status"]

    @property
    def columns(self):
        return self.execute["columns"]

    def digest(self):
        return hashlib.sha256(b"".join(row + b"\n" for row in self.rows)).hexdigest()


class Played:
    """What came of a whole script; `open` is the first step."""

    def __init__(self, output):
        self.outcomes = []
        for line in output.split(b"\n")[:-1]:
            if line.startswith(b"["):
                self.outcomes[-1].rows.append(line)
                continue
            step = json.loads(line)
            if step["step"] == "open":
                self.open = step
            elif step["step"] == "execute":
                self.outcomes.append(Outcome(step))
            else:
                self.outcomes[-1].end = step
