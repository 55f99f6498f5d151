"""The exported symbols are those of the headers and those of the version script, no more and no fewer."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def declared():
    names = set()
    for header in (ROOT / "include/lytics_dbx").glob("*.h"):
        names |= set(re.findall(r"LDBX_API[^;]*?\b(ldbx_\w+)\s*\(", header.read_text()))
    return names


def mapped():
    text = (ROOT / "src/lytics_dbx.map").read_text()
    return set(re.findall(r"^\s+(ldbx_\w+);", text, re.M))


def exported(build):
    library = build / "src/liblytics_dbx.so"
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    symbols = {line.split()[2].split("@")[0] for line in lines.splitlines()}
    return {s for s in symbols if not s.startswith("LYTICS_DBX_")}


def test_headers_and_version_script_agree():
    assert declared() == mapped()


def test_library_exports_what_the_headers_declare(build):
    assert exported(build) == declared()


def test_every_public_function_has_a_doc_comment():
    for header in (ROOT / "include/lytics_dbx").glob("*.h"):
        text = header.read_text()
        for match in re.finditer(r"(\*/\s*)?\n(LDBX_API[^;{]*;)", text):
            assert match.group(1), f"{header.name}: {match.group(2)}"
        for comment, name in re.findall(r"/\*\*((?:(?!\*/).)*)\*/\s*LDBX_API[^;]*?\b(ldbx_\w+)\s*\(", text, re.S):
            assert "@since" in comment and "@brief" in comment, f"{header.name}: {name}"
            assert "LDBX_API void " in text or "@return" in comment, f"{header.name}: {name}"


def test_every_setting_is_documented():
    settings = (ROOT / "src/client/config.c").read_text().split("settings[] = {")[1].split("};")[0]
    keys = re.findall(r'[({]"(\w+)"', settings)
    table = (ROOT / "docs/configuration.md").read_text()
    assert len(keys) > 10 and all(f"`{key}`" in table for key in keys)
