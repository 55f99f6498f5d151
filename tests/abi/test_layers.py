"""The include graph of src/: no file includes a layer above its own, the program includes public headers alone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What each layer may include besides itself, as src/README.md draws it.
BELOW = {
    "base": set(),
    "wire": {"base"},
    "net": {"base"},
    "store": {"base"},
    "client": {"wire", "net", "base"},
    "stage": {"client", "net", "base"},
    "import": {"client", "store", "wire", "net", "base"},
    "load": {"stage", "client", "store", "wire", "net", "base"},
    "workflow": {"import", "load", "stage", "client", "store", "wire", "net", "base"},
    "cli": set(),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def edges():
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        layer = path.relative_to(ROOT / "src").parts[0]
        for target in INCLUDE.findall(path.read_text()):
            yield path, layer, target


def test_every_folder_is_a_known_layer():
    folders = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
    assert folders == set(BELOW)


@pytest.mark.parametrize("layer", BELOW)
def test_no_upward_include(layer):
    allowed = BELOW[layer] | {layer}
    wrong = [
        f"{path.relative_to(ROOT)} includes {target}"
        for path, own, target in edges()
        if own == layer and target.split("/")[0] not in allowed and not (own == "cli" and "/" not in target)
    ]
    assert not wrong


def test_the_graph_is_not_empty():
    assert sum(1 for _ in edges()) > 100
