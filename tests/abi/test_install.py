"""An installed library is used from outside the tree, through pkg-config alone, shared and static."""

import os
import subprocess

SOURCE = '#include <lytics_dbx/lytics_dbx.h>\n#include <stdio.h>\nint main(void) { puts(ldbx_version_string()); return 0; }\n'


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def test_a_consumer_builds_and_runs(build, tmp_path):
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", tmp_path)
    found = next(tmp_path.rglob("lytics_dbx.pc"))
    libraries = found.parents[1]
    (tmp_path / "consumer.c").write_text(SOURCE)
    env = os.environ | {"PKG_CONFIG_PATH": str(found.parent), "PKG_CONFIG_SYSROOT_DIR": str(tmp_path), "LD_LIBRARY_PATH": str(libraries)}
    version = run("pkg-config", "--modversion", "lytics_dbx", env=env).strip()
    flags = run("pkg-config", "--cflags", "--libs", "lytics_dbx", env=env).split()
    run("cc", "-std=c99", "-pedantic-errors", "-Wall", "-Werror", "consumer.c", "-o", "consumer", *flags, cwd=tmp_path)
    assert run(tmp_path / "consumer", env=env).strip() == version
    assert any(path.name == "lytics-dbx" for path in tmp_path.rglob("bin/*"))
