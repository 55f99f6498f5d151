"""What a user of the program sees of OAuth credentials."""

import json

import pytest

ID, SECRET = "0f1e2d3c-0000-4000-8000-000000000000", "dose-very-secret"


@pytest.fixture(scope="module")
def sandbox(start):
    return start("--client", f"{ID}:{SECRET}")


@pytest.fixture
def oauth():
    return {"DATABRICKS_TOKEN": "", "DATABRICKS_CLIENT_ID": ID, "DATABRICKS_CLIENT_SECRET": SECRET}


def test_from_the_environment(program, oauth):
    output = program("--log", "debug", "check", env=oauth)
    assert "statement" in output.out and SECRET not in output.out + output.err and "eyJ" not in output.out + output.err
    assert "fetching an access token" in output.err


def test_from_an_authorization_file_and_a_profile(program, sandbox):
    where = {"host": f"http://127.0.0.1:{sandbox.port}", "httppath": "/sql/1.0/warehouses/sandbox"}
    path = program.folder / "auth.json"
    path.write_text(json.dumps({"label": "x", "config": where | {"client_id": ID, "client_secret": SECRET}}))
    assert program("--auth", path, "query", "SELECT 1 AS a", "--format", "json").lines == [{"a": 1}]
    (program.folder / ".databrickscfg").write_text(
        f"[m2m]\nhost = {where['host']}\nhttp_path = {where['httppath']}\nclient_id = {ID}\nclient_secret = {SECRET}\n")
    assert program("--profile", "m2m", "query", "SELECT 1 AS a", "--format", "json").lines == [{"a": 1}]


def test_a_wrong_secret(program, oauth):
    output = program("check", code=1, env=oauth | {"DATABRICKS_CLIENT_SECRET": "dose-wrong"})
    assert "client_secret" in output.out and "invalid_client" in output.err and "OAuth secret" in output.err
    assert "dose-wrong" not in output.out + output.err and "access token in Databricks" not in output.err


def test_a_user_and_a_password_are_not_for_databricks(program):
    env = {"DATABRICKS_TOKEN": "", "DATABRICKS_USERNAME": "dose", "DATABRICKS_PASSWORD": "dose-wrong"}
    output = program("check", code=1, env=env)
    assert "password" in output.out and "open-source Spark" in output.err
    assert "dose-wrong" not in output.out + output.err and "access token in Databricks" not in output.err


@pytest.mark.parametrize("env, words", [
    ({"DATABRICKS_CLIENT_SECRET": ""}, ["client_secret", "set DATABRICKS_CLIENT_SECRET"]),
    ({"DATABRICKS_CLIENT_ID": ""}, ["client_id", "set DATABRICKS_CLIENT_ID"]),
    ({"DATABRICKS_TOKEN": "dapi"}, ["token and client_id", "only one kind"]),
    ({"DATABRICKS_CLIENT_ID": "", "DATABRICKS_CLIENT_SECRET": ""}, ["client_id and client_secret", "set DATABRICKS_TOKEN"]),
])
def test_half_and_double_credentials(program, oauth, env, words):
    output = program("check", code=2, env=oauth | env)
    assert all(word in output.err for word in words), output.err
    assert "DATABRICKS_HOST" not in output.err
