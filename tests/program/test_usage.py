"""The program where no server is needed: help, usage, configuration, validation. Nothing here may contact anything."""

import json
import os
import pty
import re
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["check", "catalogs", "schemas", "tables", "columns", "query", "validate", "run", "status", "load"]
SECRET = "dapi0123456789abcdef"
GOOD = {"type": "databricks-import", "name": "contacts",
        "config": {"catalog": "main", "database": "crm", "source": "contacts", "timestamp_field": "updated_at"}}


class Tool:
    """Runs the program in a folder of its own, with an environment that holds nothing of ours."""

    def __init__(self, path, folder, port):
        self.path, self.folder = path, folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "LYTICS_", "LC_", "LANG", "NO_COLOR"))}
        self.env |= {"HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        self.authorization = {"DATABRICKS_HOST": f"http://127.0.0.1:{port}", "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/none",
                              "DATABRICKS_TOKEN": SECRET}

    def __call__(self, *arguments, code, env=None, **options):
        done = subprocess.run([self.path, *map(str, arguments)], cwd=self.folder, env=self.env | (env or {}), timeout=30,
                              **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options))
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout}{done.stderr}"
        assert SECRET not in (done.stdout or "") + (done.stderr or "")
        return done

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


@pytest.fixture
def tool(tmp_path, request):
    """Its host is a socket of ours, so that a test sees when it is spoken to."""
    path = os.environ.get("LYTICS_DBX") or request.getfixturevalue("build") / "lytics-dbx"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Tool(path, tmp_path, listener.getsockname()[1])
        with pytest.raises(BlockingIOError):
            listener.accept()


def on_terminal(tool, *arguments, env=None):
    """Everything that the program writes when standard output and error are a terminal."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal device here: {error}")
    process = subprocess.Popen([tool.path, *map(str, arguments)], cwd=tool.folder, env=tool.env | (env or {}), stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # Linux says EIO once nobody has the other end
            break
        if not block:
            break
        text += block
    os.close(ours)
    process.wait(timeout=30)
    return text.decode()


def test_help_lists_every_command(tool):
    done = tool("--help", code=0)
    assert done.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"^  {command}\b", done.stdout, re.M)
        own = tool(command, "--help", code=0).stdout
        assert own.startswith(f"usage: lytics-dbx {command}")
    assert tool("-h", code=0).stdout == done.stdout


def test_version_is_that_of_the_headers(tool):
    header = (ROOT / "include/lytics_dbx/version.h").read_text()
    version = re.search(r'LDBX_VERSION_STRING "([^"]+)"', header).group(1)
    assert tool("--version", code=0).stdout == f"lytics-dbx {version}\n"


@pytest.mark.parametrize("arguments, says", [
    ([], "no command"),
    (["chek"], "unknown command chek; the nearest is check"),
    (["statuss", "job.json"], "the nearest is status"),
    (["pause", "job.json"], "unknown command pause"),
    (["query", "--fromat", "csv", "SELECT 1"], "unknown option --fromat; the nearest is --format"),
    (["--colour", "check"], "unknown option --colour"),
    (["query", "--format", "cvs", "SELECT 1"], "the nearest is csv"),
    (["--progress", "sometimes", "check"], "--progress"),
    (["--log", "verbose", "check"], "--log"),
    (["--log"], "--log needs a value"),
    (["run", "job.json", "--state"], "--state needs a value"),
    (["run", "job.json", "--state", "--again"], "--state needs a value"),
    (["run", "job.json", "--state="], "--state needs a value"),
    (["run", "job.json", "--again=yes", "--state", "s"], "--again takes no value"),
    (["run", "job.json"], "run needs --state DIR"),
    (["status", "job.json"], "status needs --state DIR"),
    (["run", "--state", "s"], "run needs an argument"),
    (["validate"], "validate needs an argument"),
    (["query", ""], "query needs an argument"),
    (["query", " \n"], "the statement is empty"),
    (["query", "SELECT", "1"], "one argument too many: 1"),
    (["check", "now"], "one argument too many: now"),
    (["check", "--format", "csv"], "check does not take --format"),
    (["validate", "job.json", "--state", "s"], "validate does not take --state"),
    (["query", "-- comment\nSELECT 1"], "stands behind --"),
    (["--auth", "a.json", "--profile", "p", "check"], "exclude each other"),
    (["query", "SELECT 1", "--json", "--format", "csv"], "contradict"),
])
def test_usage_is_checked_first(tool, arguments, says):
    done = tool(*arguments, code=2, env=tool.authorization)
    assert done.stdout == ""
    assert done.stderr.startswith("lytics-dbx: ") and done.stderr.count("\n") == 1
    assert says in done.stderr


@pytest.mark.parametrize("command, name, says", [
    ("schemas", "main.crm", "CATALOG is expected"),
    ("tables", "main", "CATALOG.SCHEMA is expected"),
    ("tables", "main.crm.contacts", "CATALOG.SCHEMA is expected"),
    ("columns", "main.crm", "CATALOG.SCHEMA.TABLE is expected"),
    ("columns", "main.crm.a.b", "stands in backticks"),
    ("columns", "main..contacts", "empty"),
    ("columns", "main.crm.", "empty"),
    ("columns", "main.``.contacts", "empty"),
    ("columns", ".crm.contacts", "empty"),
    ("columns", "main.`crm.contacts", "not closed"),
    ("columns", "main.crm.`a``", "not closed"),
    ("columns", "main.`crm`x.contacts", "behind a closing backtick"),
    ("columns", "main.c`r`m.contacts", "backticks"),
    ("columns", "main.crm.my table", "backticks"),
])
def test_names_that_are_none(tool, command, name, says):
    done = tool(command, name, code=2, env=tool.authorization)
    assert says in done.stderr and name in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command, name", [("schemas", "`my-catalog`"), ("tables", "main.`a.b`"), ("columns", "main.`c``d`.my-table"),
                                           ("columns", "main.crm.`ÜBER 😀`")])
def test_names_that_are_read(tool, command, name):
    """They get as far as the authorization that is missing."""
    assert "DATABRICKS_TOKEN" in tool(command, name, code=2).stderr


def test_a_missing_authorization_names_the_variables(tool):
    done = tool("catalogs", code=2)
    for name in ("DATABRICKS_HOST", "DATABRICKS_HTTP_PATH", "DATABRICKS_TOKEN", "--auth"):
        assert name in done.stderr
    done = tool("query", "SELECT 1", code=2, env=tool.authorization | {"DATABRICKS_TOKEN": ""})
    assert "DATABRICKS_TOKEN" in done.stderr and "DATABRICKS_HOST" not in done.stderr


def test_check_says_what_is_missing(tool):
    done = tool("check", code=2)
    assert done.stdout.startswith("✗ configuration") and "DATABRICKS_TOKEN" in done.stderr
    assert tool("check", code=2, env={"LC_ALL": "C"}).stdout.isascii()
    answer = json.loads(tool("check", "--json", code=2).stdout)
    assert answer["ok"] is False and answer["missing"] == "configuration" and "DATABRICKS_HOST" in answer["hint"]
    assert [(step["name"], step["ok"]) for step in answer["steps"]] == [("configuration", False)]


def test_authorization_files(tool):
    missing = tool("--auth", "none.json", "check", code=2)
    assert "none.json" in missing.stderr and "DATABRICKS_" not in missing.stderr
    for content in ("{", "[]", {"label": "x", "config": {"host": "h h", "httppath": "/x", "token": SECRET}},
                    {"label": "x", "config": {"host": "h", "token": SECRET, "httppath": 7, "tokn": SECRET}},
                    {"label": "x", "config": {"host": "h", "httppath": "/x", "token": SECRET + "\n"}}):
        path = tool.file("auth.json", content)
        assert "auth.json" in tool("--log", "debug", "check", "--auth", path, code=2).stderr


def test_profiles(tool):
    assert ".databrickscfg" in tool("--profile", "one", "check", code=2).stderr
    tool.file(".databrickscfg", f"[one]\nhost = https://h\ntoken = {SECRET}\n")
    assert "http" in tool("--profile", "one", "check", code=2).stderr
    assert "two" in tool("--profile", "two", "check", code=2).stderr


def test_validate_describes(tool):
    path = tool.file("job.json", GOOD)
    done = tool("validate", path, code=0)
    assert re.search(r"^name: +contacts$", done.stdout, re.M) and "databricks_main_crm_contacts" in done.stdout
    assert done.stderr == ""
    answer = json.loads(tool("--json", "validate", path, code=0).stdout)
    assert answer["name"] == "contacts" and answer["warnings"] == []
    assert tool("validate", path, "--json", code=0).stdout == tool("--json", "validate", path, code=0).stdout


def test_validate_warns(tool):
    job = GOOD | {"config": GOOD["config"] | {"run_frequency": "weekly"}}
    done = tool("validate", tool.file("job.json", job), code=0)
    assert re.search(r"^warning: .*run_frequency", done.stdout, re.M)


def test_validate_names_all_errors_at_once(tool):
    job = {"type": "databricks-import", "name": " ", "nmae": "x", "aid": "seven", "auth_ids": "none",
           "config": {"catalog": 5, "source": "", "timestamp_feild": "t", "since_date": "yesterday", "continuous_update": "yes",
                      "run_frequency": "sometimes", "day_of_week": "Caturday", "time_of_day": "25:00", "timezone": "Mars/Olympus",
                      "query_timeout": 0, "batch_size": 1.5, "row_limit": -1},
           "options": {"verify": 1, "colour": "red"}}
    lines = tool("validate", tool.file("job.json", job), code=2).stderr.splitlines()
    assert all(line.startswith("lytics-dbx: ") for line in lines)
    assert "job.json" in lines[0]
    for key in ("name", "nmae", "aid", "auth_ids", "config.catalog", "config.database", "config.source", "config.timestamp_field",
                "config.timestamp_feild", "config.since_date", "config.continuous_update", "config.run_frequency", "config.day_of_week",
                "config.time_of_day", "config.timezone", "config.query_timeout", "config.batch_size", "config.row_limit", "options.verify",
                "options.colour"):
        assert sum(bool(re.search(rf"[ :]{re.escape(key)}: ", line)) for line in lines) == 1, (key, lines)
    assert len(lines) == 20


@pytest.mark.parametrize("content", ["", "{", "[]", '{"type": "databricks-import", "type": "databricks-import"}', "\x00", '{"name": "a"} x'])
def test_files_that_hold_no_job(tool, content):
    path = tool.file("job.json", content)
    for arguments in (["validate"], ["run", "--state", "state"], ["status", "--state", "state"]):
        done = tool(*arguments, path, code=2, env=tool.authorization)
        assert "job.json" in done.stderr and done.stdout == ""
    assert not (tool.folder / "state").exists()


def test_a_job_file_that_is_not_there(tool):
    assert "none.json" in tool("validate", "none.json", code=2).stderr
    assert "none.json" in tool("run", "none.json", "--state", "s", code=2).stderr


def test_options_end_at_two_dashes(tool):
    tool.file("--odd.json", GOOD)
    assert "contacts" in tool("validate", "--", "--odd.json", code=0).stdout


def test_status_of_a_job_that_never_ran(tool):
    path = tool.file("job.json", GOOD)
    assert re.search(r"^state: +new$", tool("status", path, "--state", "none", code=0).stdout, re.M)
    assert json.loads(tool("status", path, "--state", "none", "--json", code=0).stdout)["state"] == "new"
    assert not (tool.folder / "none").exists()


def test_run_without_authorization_reports(tool):
    path = tool.file("job.json", GOOD)
    done = tool("run", path, "--state", "state", "--output", "events", "--report", "report.json", code=2)
    assert "DATABRICKS_HOST" in done.stderr and done.stdout == ""
    report = json.loads((tool.folder / "report.json").read_text())
    keys = "run job state started finished window source_position files statements rows versions attempts watermark warnings error"
    assert set(keys.split()) <= set(report)
    assert report["job"] == "contacts" and report["state"] == "new" and report["rows"]["delivered"] == 0
    assert report["error"]["status"] == "INVALID_ARGUMENT" and "token" in report["error"]["message"]
    assert not (tool.folder / "events").exists()
    assert sorted(p.name for p in tool.folder.iterdir()) == ["job.json", "report.json", "state"]


def test_run_looks_at_its_files_first(tool):
    path = tool.file("job.json", GOOD)
    for option in ("--output", "--report"):
        assert option in tool("run", path, "--state", "s", option, "none/file", code=2, env=tool.authorization).stderr
        assert option in tool("run", path, "--state", "s", option, ".", code=2, env=tool.authorization).stderr
    assert "job.json" in tool("run", path, "--state", path, code=2, env=tool.authorization).stderr


def test_output_that_cannot_be_written(tool):
    with open("/dev/full", "w") as full:
        assert "standard output" in tool("--help", code=1, stdout=full).stderr
    ours, theirs = os.pipe()
    os.close(ours)
    done = tool("--help", code=141, stdout=theirs)
    os.close(theirs)
    assert done.stderr == ""


def test_standard_output_that_is_closed(tool):
    done = subprocess.run(["sh", "-c", 'exec "$0" --help >&-', str(tool.path)], stderr=subprocess.PIPE, text=True, env=tool.env, timeout=30)
    assert done.returncode == 1 and "standard output" in done.stderr


def test_colours_only_on_a_terminal(tool):
    path = tool.file("job.json", GOOD | {"config": GOOD["config"] | {"run_frequency": "weekly"}})
    assert "\033[" in on_terminal(tool, "validate", path)
    assert "\033[" not in on_terminal(tool, "validate", path, env={"NO_COLOR": "1"})
    assert "\033[" not in on_terminal(tool, "validate", path, env={"TERM": "dumb"})
    assert "\033[" not in tool("validate", path, code=0).stdout


def test_what_is_shown_cannot_drive_the_terminal(tool):
    done = tool("che\033[31mck\u202e", code=2)
    assert "\033" not in done.stderr and "\u202e" not in done.stderr and "\\u001b" in done.stderr


def test_exit_codes_are_explained(tool):
    guide = next(line for line in (ROOT / "docs/guide.md").read_text().splitlines() if line.startswith("Exit codes"))
    explained = tool("--help", code=0).stdout.partition("\nexit: ")[2]
    for code in (0, 1, 2, 3, 4, 130, 141):
        assert re.search(rf"\b{code} [a-z]", explained) and re.search(rf"\b{code} [a-z]", guide), code


@pytest.mark.parametrize("first, second", [("events", "events"), ("events", "./events"), ("events", "link"), ("new", "./new")])
def test_two_options_of_run_are_two_files(tool, first, second):
    path = tool.file("job.json", GOOD)
    (tool.file("events", "kept\n").parent / "link").hardlink_to(tool.folder / "events")
    done = tool("run", path, "--state", "s", "--output", first, "--report", second, code=2, env=tool.authorization)
    assert f"--output {first}" in done.stderr and f"--report {second}" in done.stderr
    assert (tool.folder / "events").read_text() == "kept\n" and not (tool.folder / "s").exists()


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_what_is_read_is_not_written(tool, option):
    path, auth = tool.file("job.json", GOOD), tool.file("auth.json", {"label": "x"})
    for same in (path, "./job.json", auth):
        done = tool("run", path, "--auth", auth, "--state", "s", option, same, code=2)
        assert f"{option} {same}" in done.stderr and ("job.json" in done.stderr if same != auth else "--auth" in done.stderr)
    assert json.loads(path.read_text()) == GOOD and not (tool.folder / "s").exists()


def test_null_device_takes_both(tool):
    path = tool.file("job.json", GOOD)
    assert "DATABRICKS_HOST" in tool("run", path, "--state", "s", "--output", "/dev/null", "--report", "/dev/null", code=2).stderr


def without_privileges(*command):
    """A command that file permissions hold for, also when root runs the tests."""
    if os.geteuid() != 0:
        return command
    drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search"]
    try:
        subprocess.run([*drop, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"root's privileges cannot be dropped here: {error}")
    return [*drop, *command]


@pytest.mark.parametrize("option, name", [("--output", "shut/new"), ("--output", "old"), ("--output", "job.json/new"),
                                          ("--report", "shut/new"), ("--report", "shut/there"), ("--report", "old"),
                                          ("--report", "job.json/new"), ("--output", "job.json/"), ("--report", "link")])
def test_files_of_run_that_cannot_be_written(tool, option, name):
    path, shut = tool.file("job.json", GOOD), tool.folder / "shut"
    shut.mkdir()
    tool.file("shut/there", "kept\n")
    tool.file("old", "kept\n").chmod(0o444)
    (tool.folder / "link").symlink_to("shut/there")
    shut.chmod(0o555)
    command = without_privileges(tool.path, "run", path, "--state", "s", option, name)
    done = subprocess.run(command, cwd=tool.folder, env=tool.env | tool.authorization, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and f"{option} {name}: " in done.stderr, done.stderr
    assert not (tool.folder / "s").exists()


def test_a_file_in_a_shut_folder_can_be_appended_to(tool):
    path, shut = tool.file("job.json", GOOD), tool.folder / "shut"
    shut.mkdir()
    tool.file("shut/there", "kept\n")
    shut.chmod(0o555)
    command = without_privileges(tool.path, "run", path, "--state", "s", "--output", "shut/there")
    done = subprocess.run(command, cwd=tool.folder, env=tool.env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "DATABRICKS_HOST" in done.stderr


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)], ids=["fifo", "folder", "device"])
def test_only_regular_files_are_read(tool, make):
    make(tool.folder / "odd.json")
    for arguments in (["validate", "odd.json"], ["run", "odd.json", "--state", "s"], ["status", "odd.json", "--state", "s"],
                      ["check", "--auth", "odd.json"]):
        done = tool(*arguments, code=2, env=tool.authorization)
        assert "odd.json: is no regular file" in done.stderr and done.stderr.count("\n") == 1
    assert not (tool.folder / "s").exists()


STAGING = {"type": "directory", "path": "staged"}
LOAD = {"--from": "rows.ndjson", "--columns": "id:INT,name:STRING", "--staging": "staging.json", "--state": "state"}


def load(tool, table="main.crm.t", more=(), code=2, **options):
    tool.file("rows.ndjson", '{"id": 1}\n')
    if not (tool.folder / "staging.json").exists():
        tool.file("staging.json", STAGING)
    given = {name: value for name, value in (LOAD | {f"--{name}": value for name, value in options.items()}).items() if value is not None}
    done = tool("load", table, *(word for pair in given.items() for word in pair), *more, code=code, env=tool.authorization)
    assert done.stdout == "" and not any((tool.folder / "staged").rglob("*"))
    return done.stderr


@pytest.mark.parametrize("option", LOAD)
def test_load_names_what_it_needs(tool, option):
    assert f"load needs {option}" in load(tool, **{option[2:]: None})


@pytest.mark.parametrize("columns, says", [
    ("id", "column 1: a colon and a type"),
    ("id:INT,name", "column 2: a colon and a type"),
    ("id:INT,", "column 2: a colon and a type"),
    (":INT", "column 1: its name is empty"),
    ("``:INT", "column 1: its name is empty"),
    ("id:", "column 1: its type is missing"),
    ("id:INT,name: ,x:INT", "column 2: its type is missing"),
    ("`id:INT", "column 1: a backtick is not closed"),
    ("`id`x:INT", "column 1: a colon and a type"),
    ("id:DECIMAL(10,2", "column 1: a parenthesis"),
    ("id:MAP<STRING,INT>,name:STRING", "column id: the type must be"),
    ("id:MAP<STRING,INT", "column 1: a parenthesis or bracket"),
    ("id:DECIMAL)10,2(", "column 1: a parenthesis"),
    ("id:INT,ID:INT", "column ID: there are two of that name"),
    ("id:INT,tags:ARRAY<STRING>", "column tags: the type must be"),
    ("id:INT,tags:MAP<STRING,INT>", "column tags: the type must be"),
    ("id:TEXT", "column id: the type must be"),
    ("money:DECIMAL(39,2)", "column money: the type must be"),
    ("a b:INT", "column a b: Delta takes no name with a blank"),
])
def test_columns_that_are_none(tool, columns, says):
    err = load(tool, columns=columns)
    assert says in err and err.count("\n") == 1, err


@pytest.mark.parametrize("options, says", [
    ({"table": "main.crm"}, "CATALOG.SCHEMA.TABLE is expected"),
    ({"from": "-"}, "standard input"),
    ({"from": "none.ndjson"}, "--from none.ndjson: No such file"),
    ({"from": "."}, "--from .: is no regular file"),
    ({"staging": "none.json"}, "none.json: not found"),
    ({"staging": "rows.ndjson"}, "rows.ndjson: type: is required"),
    ({"state": "rows.ndjson"}, "rows.ndjson: not a folder"),
    ({"part-rows": "0"}, "--part-rows: 0 is no whole number from 1 to 1,000,000,000"),
    ({"part-rows": "ten"}, "--part-rows: ten is no whole number"),
    ({"part-bytes": "1e9"}, "--part-bytes: 1e9 is no whole number from 1 to 50,000,000,000"),
    ({"part-bytes": "99999999999999999999"}, "--part-bytes: 99999999999999999999 is no whole number"),
    ({"report": "rows.ndjson"}, "are one file"),
    ({"output": "x"}, "load does not take --output"),
])
def test_what_load_cannot_take(tool, options, says):
    err = load(tool, **options)
    assert says in err and err.count("\n") == 1, err


@pytest.mark.parametrize("staging, says", [
    ({"type": "ftp"}, "type: must be one of"),
    ({"type": "directory"}, "path: is required"),
    ({"type": "directory", "path": "staged", "bucket": "b"}, "bucket: unknown key"),
    ({"type": "volume", "path": "/tmp/x"}, "path: must be /Volumes/"),
    ({"type": "directory", "path": "staged", "url": "file:/a*b"}, "url: must be text without *"),
    ({"type": "s3", "prefix": "p"}, "bucket: is required"),
    ({"type": "s3", "bucket": "b", "prefix": "a*b"}, "prefix: must be text without *"),
    ([], "must be a JSON object"),
])
def test_stagings_that_are_none(tool, staging, says):
    tool.file("staging.json", staging)
    err = load(tool)
    assert "staging.json" in err and says in err, err
