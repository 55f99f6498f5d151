"""Each public header compiles alone, as C99 and as C++17, under harsh flags."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADERS = sorted(p.name for p in (ROOT / "include/lytics_dbx").glob("*.h"))
FLAGS = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-fsyntax-only", f"-I{ROOT / 'include'}"]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("compiler", [["gcc", "-std=c99", "-x", "c"], ["g++", "-std=c++17", "-x", "c++"]], ids=["c99", "c++17"])
def test_header_stands_alone(header, compiler):
    source = f"#include <lytics_dbx/{header}>\nint main(void);\n"
    done = subprocess.run([*compiler, *FLAGS, "-"], input=source, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
