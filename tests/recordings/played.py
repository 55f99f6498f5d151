"""What the player wrote, read back. That the two forms of each row say the same is seen to here."""

import base64
import hashlib
import json
import re
import struct

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


class Number(str):
    """Digits as they stand in JSON."""


def is_float(form, digits, cell):
    """Shortest round trip: reads back as the same number, and no longer than the canonical form."""
    back = struct.unpack("f", struct.pack("f", float(digits)))[0] if form == "f" else float(digits)
    same = struct.unpack("f", struct.pack("f", float(cell)))[0] if form == "f" else float(cell)
    return back == same and len(digits) <= len(cell)


def interval(form, amount):
    sign, amount = "-" if amount < 0 else "", abs(amount)
    if form == "tiM":
        return f"{sign}{amount // 12}-{amount % 12}"
    seconds, micros = divmod(amount, 1000000)
    return f"{sign}{seconds // 86400} {seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}000"


def json_of_text(cell, sql_type):
    """Text that stands for another type."""
    kind = re.split(r"\W", sql_type)[0]
    if kind == "DECIMAL":
        return Number(cell)
    if kind in ("ARRAY", "MAP", "STRUCT"):
        try:
            return json.loads(cell, parse_int=Number, parse_float=Number)
        except ValueError:
            return cell
    moment = re.fullmatch(r"([+-]?\d+-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?", cell)
    if kind.startswith("TIMESTAMP") and moment:
        return f"{moment[1].lstrip('+')}T{moment[2]}.{moment[3] or '':0<6}{'Z' if kind == 'TIMESTAMP' else ''}"
    return cell.lstrip("+") if kind == "DATE" else cell


def says_the_same(got, cell, field, sql_type=""):
    """Whether a value of our JSON is what the canonical cell is."""
    form, children = field["format"], field["children"]
    if cell is None or isinstance(cell, bool):
        return got is cell
    if form in ("f", "g"):
        return got == cell if isinstance(got, str) and not isinstance(got, Number) else is_float(form, got, cell)
    if form[0] in "csil" or form.startswith("d:"):
        return isinstance(got, Number) and got == str(cell)
    if form in ("tiM", "tDu"):
        return got == interval(form, cell)
    if form == "z":
        return got == base64.b64encode(bytes.fromhex(cell)).decode()
    if form == "+l":
        return len(got) == len(cell) and all(says_the_same(*pair, children[0]) for pair in zip(got, cell))
    if form == "+m":
        value = children[0]["children"][1]
        return [str(key) for key, _ in cell] == list(got) and all(says_the_same(got[str(key)], item, value) for key, item in cell)
    if form == "+s":
        return list(got) == list(cell) and all(says_the_same(got[child["name"]], cell[child["name"]], child) for child in children)
    wanted = json_of_text(cell, sql_type) if form == "u" else cell
    return got == wanted and type(got) is type(wanted)


def check_json(outcome):
    assert len(outcome.json) == len(outcome.rows)
    for line, row in list(zip(outcome.json, outcome.rows))[:200]:
        ours = json.loads(line, parse_int=Number, parse_float=Number)
        for column, cell in zip(outcome.columns, json.loads(row), strict=True):
            got = ours[column["name"]]
            assert says_the_same(got, cell, column["arrow"], column["sql_type"]), (column, got, cell)


class Outcome:
    """What one statement came to: its steps, and its rows as the lines that the player wrote."""

    def __init__(self, execute):
        self.execute, self.rows, self.json, self.end = execute, [], [], None

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
            if line[:1] in (b"[", b"="):
                (self.outcomes[-1].rows if line[:1] == b"[" else self.outcomes[-1].json).append(line.removeprefix(b"="))
                continue
            step = json.loads(line)
            if step["step"] == "open":
                self.open = step
            elif step["step"] == "execute":
                self.outcomes.append(Outcome(step))
            else:
                self.outcomes[-1].end = step
        for outcome in self.outcomes:
            check_json(outcome)
