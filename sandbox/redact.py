"""Secrets in statements: the values of a COPY INTO's credentials must not be seen in logs and errors."""

import re

from .commands import TOKEN
from .errors import PARSE, SqlError

HINT = re.compile(r"AWS_|AZURE_|MASTER_KEY", re.I)
SECRET = re.compile(r"(AWS|AZURE)_\w+|MASTER_KEY", re.I)
MASK = "[REDACTED]"
SHORTEST = 8        # what is shorter may be a word of the error's own, and no error quotes a value


def _values(sql):
    """Where the values of secret keys stand: from behind the key to the next comma or bracket, or to the end if a quote is open."""
    start = None
    for token in TOKEN.finditer(sql):
        text = token.group()
        if start is None:
            if token.lastgroup and SECRET.fullmatch(text.strip("`'\"")):
                start = token.end()
        elif token.lastgroup == "sign" and text in ",)":
            yield start, token.start()
            start = None
        elif token.lastgroup == "sign" and text in "'\"`":
            break
    if start is not None:
        yield start, len(sql)


def statement(sql):
    """A statement without the secrets in it."""
    if not sql or not HINT.search(sql):
        return sql
    out, at = [], 0
    for start, end in _values(sql):
        out += [sql[at:start], f" = '{MASK}'"]
        at = end
    return "".join([*out, sql[at:]])


def error(error, sql):
    """The error that a statement failed with, without the secrets of the statement."""
    if not HINT.search(sql or ""):
        return error
    if error.condition == "PARSE_SYNTAX_ERROR":     # it quotes the statement, and a word of it
        where = re.search(r" \(line \d+, pos \d+\)", error.display)
        return SqlError(error.condition, f"Syntax error{where.group() if where else ''} in a statement that holds credentials, which is "
                        "not shown.", error.sqlstate, PARSE)
    secrets = {sql[start:end].strip(" \t\r\n='\"") for start, end in _values(sql)}
    for name in ("display", "message"):
        text = getattr(error, name)
        for secret in sorted((secret for secret in secrets if len(secret) >= SHORTEST), key=len, reverse=True):
            text = text.replace(secret, MASK)
        setattr(error, name, text)
    error.args = (error.display,)
    return error
