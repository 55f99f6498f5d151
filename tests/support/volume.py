"""What is in a folder of a volume, by the Files API."""

import json
import urllib.error
import urllib.request


class Volume:
    def __init__(self, port, folder):
        self.port, self.folder = port, folder

    def ask(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/2.0/fs/{path}", data=body, method=method,
                                         headers={"Authorization": "Bearer sandbox"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def names(self, folder=None):
        """All files below it. One that is not there has none; that is all that may be wrong."""
        try:
            entries = json.loads(self.ask("GET", f"directories{folder or self.folder}")).get("contents", [])
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return []
        return sorted(name for entry in entries for name in (self.names(entry["path"]) if entry["is_directory"] else [entry["path"]]))

    def read(self, name):
        return self.ask("GET", f"files{name}")

    def write(self, name, content):
        self.ask("PUT", f"files{name}?overwrite=true", content)

    def remove(self, name):
        self.ask("DELETE", f"files{name}")
