"""Secrets in statements: the values of a COPY INTO's credentials must not be seen in logs and errors."""

import re

from .errors import PARSE, SqlError

MASK = "[REDACTED]"
SHORTEST = 8        # what is shorter may be a word of the error's own, and no error quotes a value
BLANK = r"(?:\s|/\*.*?\*/|--[^\n]*\n)*"
LITERAL = r"""r?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
PAIR = f"[`'\"]?\\w+[`'\"]?{BLANK}={BLANK}{LITERAL}{BLANK}"
KEY = "(?:AWS|AZURE)_\\w*|\\w*(?:MASTER_KEY|ACCESS_KEY|SECRET_KEY|SESSION_TOKEN|SAS_TOKEN)"
HINTS = ("CREDENTIAL", "ENCRYPTION", "AWS_", "AZURE_", "_KEY", "_TOKEN")     # one of them is in whatever START finds
START = re.compile(f"(?:CREDENTIAL|ENCRYPTION){BLANK}\\(|{KEY}", re.I | re.S)
LIST = re.compile(f"(?:CREDENTIAL|ENCRYPTION){BLANK}\\({BLANK}{PAIR}(?:,{BLANK}{PAIR})*\\)|{PAIR}(?=[,)]|\\Z)", re.I | re.S)
VALUE = re.compile(f"(={BLANK})({LITERAL})", re.S)


def _suspicious(sql):
    """Statements may be megabytes long: most of them need no closer look."""
    upper = sql.upper()
    return any(hint in upper for hint in HINTS)


def _split(sql):
    """A statement without its secrets, and the secrets. Behind credentials that are not well written all is taken for one."""
    out, secrets, at = [], [], 0
    while start := START.search(sql, at):
        out.append(sql[at:start.start()])
        found = LIST.match(sql, start.start())
        if not found:
            rest = sql[start.start():]
            return "".join([*out, MASK]), [*secrets, *re.findall(r"[^\s'\"`,()=]+", rest)]
        secrets += [value.strip("r'\"") for _, value in VALUE.findall(found.group())]
        out.append(VALUE.sub(rf"\1'{MASK}'", found.group()))
        at = found.end()
    return "".join([*out, sql[at:]]), secrets


def statement(sql):
    """A statement without the secrets in it."""
    return _split(sql)[0] if sql and _suspicious(sql) else sql


def error(error, sql):
    """The error that a statement failed with, without the secrets of the statement."""
    if not _suspicious(sql) or not START.search(sql):
        return error
    if error.condition == "PARSE_SYNTAX_ERROR":     # it quotes the statement, and a word of it
        where = re.search(r" \(line \d+, pos \d+\)", error.display)
        return SqlError(error.condition, f"Syntax error{where.group() if where else ''} in a statement that holds credentials, which is "
                        "not shown.", error.sqlstate, PARSE)
    for secret in sorted(filter(lambda secret: len(secret) >= SHORTEST, _split(sql)[1]), key=len, reverse=True):
        error.display, error.message = (text.replace(secret, MASK) for text in (error.display, error.message))
    error.args = (error.display,)
    return error
