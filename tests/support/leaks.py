"""Secrets of a test run, and whether they are in anything that was written."""

import os
import re

PIECE = 12      # letters and digits in a row that are a secret already: one may have been cut, or quoted


class Secrets:
    """Made anew for each run, so that whatever holds one got it from us."""

    def __init__(self):
        self._pieces = []
        self.token = self.make("dapi")
        self.s3 = {"access_key_id": "AKIALOADS", "secret_access_key": self.make(), "session_token": self.make("Fwo", "==")}

    def make(self, begin="", end=""):
        """A text like those of services, which needs to be quoted in URLs."""
        secret = begin + "/".join((os.urandom(8).hex(), os.urandom(8).hex())) + "+" + os.urandom(8).hex() + end
        self._pieces += [piece.encode() for piece in re.findall(rf"[0-9A-Za-z]{{{PIECE},}}", secret)]
        return secret

    def are_in(self, text):
        text = text.encode() if isinstance(text, str) else text
        return any(piece[:PIECE] in text or piece[-PIECE:] in text for piece in self._pieces)

    def files(self, folder, but=()):
        """The files below a folder that hold one, except for those of these names."""
        files = [path for path in folder.rglob("*") if path.is_file() and path.name not in but]
        return [path for path in files if self.are_in(str(path.relative_to(folder))) or self.are_in(path.read_bytes())]


def s3_key(access_key_id, secret_access_key, session_token):
    """As the sandbox takes it."""
    return f"{access_key_id}:{secret_access_key}:{session_token}"
