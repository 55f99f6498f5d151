"""The Files API through the SDK of Databricks, and request by request."""

import http.client
import io
import json
import os
import uuid
from urllib.parse import quote

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import AlreadyExists, BadRequest, InvalidParameterValue, NotFound, PermissionDenied, Unauthenticated

ODD = ["a b", "a+b", "100%", "%20", "ü/€/😀", "=&?#", "~*'()!", "back\\slash", "quote\"<&>", "tab\there"]


@pytest.fixture(scope="module")
def files(sandbox):
    return WorkspaceClient(host=f"http://127.0.0.1:{sandbox.port}", token="sandbox").files


@pytest.fixture
def volume():
    return f"/Volumes/main/default/v_{uuid.uuid4().hex[:12]}"


def ask(sandbox, method, path, body=None, headers=(), token="sandbox"):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    connection.request(method, "/api/2.0/fs/" + path, body, {"Authorization": f"Bearer {token}", **dict(headers)},
                       encode_chunked="Transfer-Encoding" in headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data) if data.startswith(b"{") else data, answer.headers


def test_a_file_comes_back(files, volume):
    files.upload(f"{volume}/run/1.csv", io.BytesIO(b"a,b\n"), overwrite=False)
    assert files.download(f"{volume}/run/1.csv").contents.read() == b"a,b\n"
    assert files.get_metadata(f"{volume}/run/1.csv").content_length == 4
    files.delete(f"{volume}/run/1.csv")
    for call in (files.delete, files.download, files.get_metadata):
        with pytest.raises(NotFound):
            call(f"{volume}/run/1.csv")


def test_overwrite(sandbox, files, volume):
    files.upload(f"{volume}/k", io.BytesIO(b"first"), overwrite=False)
    with pytest.raises(AlreadyExists):
        files.upload(f"{volume}/k", io.BytesIO(b"second"), overwrite=False)
    assert files.download(f"{volume}/k").contents.read() == b"first"
    files.upload(f"{volume}/k", io.BytesIO(b"third"), overwrite=True)
    assert files.download(f"{volume}/k").contents.read() == b"third"
    assert ask(sandbox, "PUT", f"files{volume}/k?overwrite=false", b"x")[:2] == (
        409, {"error_code": "ALREADY_EXISTS", "message": "The file being created already exists."})
    assert ask(sandbox, "PUT", f"files{volume}/k", b"x")[0] == 409
    assert ask(sandbox, "PUT", f"files{volume}/k?overwrite=true", b"x")[:2] == (204, b"")
    assert ask(sandbox, "PUT", f"files{volume}/k?overwrite=maybe", b"x")[1]["error_code"] == "INVALID_PARAMETER_VALUE"


def test_odd_names(files, volume):
    for name in ODD:
        files.upload(f"{volume}/{name}", io.BytesIO(name.encode()), overwrite=False)
    for name in ODD:
        assert files.download(f"{volume}/{name}").contents.read() == name.encode()
    assert {entry.name for entry in files.list_directory_contents(volume)} == {name.split("/")[0] for name in ODD}


def test_the_name_of_a_volume_has_no_case(files, volume):
    files.upload(f"{volume}/K", io.BytesIO(b"x"), overwrite=False)
    assert files.download(f"{volume.replace('/v_', '/V_')}/K").contents.read() == b"x"
    with pytest.raises(NotFound):
        files.download(f"{volume}/k")


def test_directories(files, volume):
    files.create_directory(f"{volume}/a/b")
    files.create_directory(f"{volume}/a/b")
    files.get_directory_metadata(f"{volume}/a/b")
    files.upload(f"{volume}/a/f", io.BytesIO(b"123"), overwrite=False)
    listed = [(entry.path, entry.name, entry.is_directory, entry.file_size) for entry in files.list_directory_contents(f"{volume}/a")]
    assert listed == [(f"{volume}/a/b", "b", True, None), (f"{volume}/a/f", "f", False, 3)]
    with pytest.raises(BadRequest, match="not empty"):
        files.delete_directory(f"{volume}/a")
    files.delete_directory(f"{volume}/a/b")
    for call in (files.get_directory_metadata, files.delete_directory, lambda path: list(files.list_directory_contents(path))):
        with pytest.raises(NotFound):
            call(f"{volume}/a/b")


def test_a_directory_in_pages(files, volume):
    names = [f"{at:02}" for at in range(7)]
    for name in names:
        files.upload(f"{volume}/{name}", io.BytesIO(b""), overwrite=False)
    assert [entry.name for entry in files.list_directory_contents(volume, page_size=3)] == names


def test_ranges(sandbox, files, volume):
    files.upload(f"{volume}/r", io.BytesIO(b"0123456789"), overwrite=False)
    status, body, headers = ask(sandbox, "GET", f"files{volume}/r", headers={"Range": "bytes=2-4"})
    assert (status, body, headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert ask(sandbox, "GET", f"files{volume}/r", headers={"Range": "bytes=10-"})[0] == 416
    modified = headers["Last-Modified"]
    assert ask(sandbox, "GET", f"files{volume}/r", headers={"If-Unmodified-Since": modified})[0] == 200
    assert ask(sandbox, "GET", f"files{volume}/r", headers={"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"})[0] == 412


def test_who_is_let_in(sandbox, volume):
    with pytest.raises((Unauthenticated, PermissionDenied)):
        WorkspaceClient(host=f"http://127.0.0.1:{sandbox.port}", token="wrong").files.delete(f"{volume}/k")
    status, body, headers = ask(sandbox, "PUT", f"files{volume}/k?overwrite=true", b"x", token="wrong")
    assert status == 401 and body["error_code"] == 401 and headers["www-authenticate"].startswith("Bearer")
    assert ask(sandbox, "GET", f"files{volume}/k")[0] == 404


def test_volumes_of_bad_configurations(files):
    with pytest.raises(NotFound, match="missing_1"):
        files.upload("/Volumes/main/default/missing_1/k", io.BytesIO(b"x"), overwrite=True)
    with pytest.raises(PermissionDenied, match="WRITE VOLUME"):
        files.upload("/Volumes/main/readonly/v/k", io.BytesIO(b"x"), overwrite=True)


@pytest.mark.parametrize("path", ["/Volumes/main/default", "/Volumes/main/default/v", "/Users/x/y/z", "/Volumes/main/default/v/../k",
                                  "/Volumes/main/default/v/./k", "/Volumes/main//v/k", "/Volumes/main/default/v/a\0b",
                                  f"/Volumes/a/b/c/{'n' * 300}"])
def test_paths_that_lead_nowhere(sandbox, path):
    assert ask(sandbox, "PUT", f"files{quote(path)}?overwrite=true", b"x")[:1] == (400,)


def test_a_file_where_a_directory_is_wanted(files, volume):
    files.upload(f"{volume}/f", io.BytesIO(b"x"), overwrite=False)
    files.create_directory(f"{volume}/d")
    for call in (lambda: files.upload(f"{volume}/f/k", io.BytesIO(b"x"), overwrite=True),
                 lambda: files.upload(f"{volume}/d", io.BytesIO(b"x"), overwrite=True), lambda: files.create_directory(f"{volume}/f")):
        with pytest.raises(AlreadyExists):
            call()
    with pytest.raises(InvalidParameterValue):
        files.delete_directory(volume)


def test_a_body_in_chunks(sandbox, volume):
    assert ask(sandbox, "PUT", f"files{volume}/k?overwrite=true", iter([b"one,", b"two"]), {"Transfer-Encoding": "chunked"})[0] == 204
    assert ask(sandbox, "GET", f"files{volume}/k")[1] == b"one,two"


def test_chunks_that_cannot_be_read(sandbox, volume):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    connection.putrequest("PUT", f"/api/2.0/fs/files{volume}/k?overwrite=true")
    for name, value in {"Authorization": "Bearer sandbox", "Transfer-Encoding": "chunked"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"zz\r\nx\r\n")
    assert connection.getresponse().status == 400
    connection.close()
    assert ask(sandbox, "GET", f"files{volume}/k")[0] == 404


def test_where_the_files_lie(start, tmp_path):
    first = start("--state", str(tmp_path))
    ask(first, "PUT", "files/Volumes/Main/Default/V/run/1.csv?overwrite=true", b"x")
    assert (tmp_path / "volumes/main/default/v/run/1.csv").read_bytes() == b"x" and not os.listdir(tmp_path / "incoming")
    first.stop()
    assert ask(start("--state", str(tmp_path)), "GET", "files/Volumes/main/default/v/run/1.csv")[1] == b"x"


@pytest.mark.parametrize("action, stored", [("reset_before", False), ("reset_after", True), ("cut", True)])
def test_broken_connections(faulty, volume, action, stored):
    faulty.faults({"rpc": "Files.Put", "target": volume, "action": action})
    try:
        assert ask(faulty, "PUT", f"files{volume}/k?overwrite=true", b"x")[0] == 204 and action == "cut"
    except (ConnectionError, http.client.HTTPException):
        pass
    assert ask(faulty, "GET", f"files{volume}/k")[0] == (200 if stored else 404)


def test_statuses_and_the_log(faulty, volume):
    faulty.control("DELETE", "log")
    faulty.faults({"rpc": "Files.Put", "action": "status", "status": 429, "headers": {"Retry-After": "3"}},
                  {"rpc": "Files.*", "action": "expired_token"})
    status, body, headers = ask(faulty, "PUT", f"files{volume}/k?overwrite=true", b"x")
    assert (status, body["error_code"], headers["Retry-After"]) == (429, "RESOURCE_EXHAUSTED", "3")
    assert ask(faulty, "PUT", f"files{volume}/k?overwrite=true", b"x")[0] == 401
    assert ask(faulty, "PUT", f"files{volume}/k?overwrite=true", b"x")[0] == 204
    calls = faulty.control("GET", "log")["calls"]
    assert [(c["rpc"], c["target"], c["fault"], c["status"]) for c in calls] == [
        ("Files.Put", f"{volume}/k", fault, status) for fault, status in (("status", 429), ("expired_token", 401), (None, 204))]
    assert "Bearer" not in json.dumps(calls)
