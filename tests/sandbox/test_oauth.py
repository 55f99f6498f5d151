"""OAuth for service principals, as the official SDK and connector use it, and request by request."""

import base64
import http.client
import json
import time
import urllib.parse

import pytest
from clients import WAREHOUSE, Refused, Wire
from databricks import sql
from databricks.sdk.core import Config, oauth_service_principal

ID, SECRET = "0f1e2d3c-0000-4000-8000-000000000000", "dose0123456789"
FORM = {"grant_type": "client_credentials", "scope": "all-apis"}


@pytest.fixture(scope="module")
def sandbox(start):
    return start("--client", f"{ID}:{SECRET}")


def ask(port, form, client=(ID, SECRET)):
    """The status and the JSON of the token endpoint's answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if client:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(client).encode()).decode()
    connection.request("POST", "/oidc/v1/token", urllib.parse.urlencode(form), headers)
    answer = connection.getresponse()
    body = json.load(answer)
    connection.close()
    return answer.status, body


def opened(port, token):
    wire = Wire(port, authorization=f"Bearer {token}")
    try:
        return wire.open().sessionHandle
    finally:
        wire.http.close()


def official(port, secret=SECRET):
    def provider():
        return oauth_service_principal(Config(host=f"http://127.0.0.1:{port}", client_id=ID, client_secret=secret, auth_type="oauth-m2m"))
    return sql.connect(server_hostname="127.0.0.1", http_path=WAREHOUSE, credentials_provider=provider, enable_telemetry=False,
                       _connection_uri=f"http://127.0.0.1:{port}{WAREHOUSE}", use_cloud_fetch=False, _retry_stop_after_attempts_count=1)


@pytest.mark.conformance("OAuth credentials of a service principal")
def test_the_official_service_principal(sandbox):
    sandbox.control("DELETE", "log")
    with official(sandbox.port) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS a")
        assert cursor.fetchall()[0].a == 1
    assert sandbox.calls()[:2] == ["OAuthToken", "OpenSession"]


def test_the_official_service_principal_with_a_wrong_secret(sandbox):
    with pytest.raises(Exception, match="invalid_client"):
        official(sandbox.port, "dose-wrong")


def test_a_token_opens_and_ends(start):
    sandbox = start("--client", f"{ID}:{SECRET}", "--token-lifetime", "1")
    status, answer = ask(sandbox.port, FORM)
    assert status == 200 and answer["token_type"] == "Bearer" and answer["expires_in"] == 1 and answer["scope"] == "all-apis"
    assert opened(sandbox.port, answer["access_token"])
    time.sleep(1.1)
    with pytest.raises(Refused) as caught:
        opened(sandbox.port, answer["access_token"])
    assert caught.value.status == 401 and "Bearer" in caught.value.headers["www-authenticate"]
    assert opened(sandbox.port, "sandbox")     # static tokens do not end


@pytest.mark.parametrize("form, client, status, error", [
    (FORM, (ID, "wrong"), 401, "invalid_client"), (FORM, ("nobody", SECRET), 401, "invalid_client"), (FORM, None, 401, "invalid_client"),
    (FORM | {"scope": "some-apis"}, (ID, SECRET), 400, "invalid_scope"),
    (FORM | {"grant_type": "password"}, (ID, SECRET), 400, "unsupported_grant_type"),
], ids=lambda value: str(value))
def test_what_is_refused(sandbox, form, client, status, error):
    got, answer = ask(sandbox.port, form, client)
    assert got == status and answer["error"] == error and "access_token" not in answer


def test_the_client_may_stand_in_the_form(sandbox):
    status, answer = ask(sandbox.port, FORM | {"client_id": ID, "client_secret": SECRET}, None)
    assert status == 200 and opened(sandbox.port, answer["access_token"])


def test_faults_of_the_endpoint(faulty):
    faulty.faults({"action": "status", "status": 500},          # without an rpc it does not strike tokens
                  {"rpc": "OAuthToken", "action": "status", "status": 503, "body": "{}"})
    assert ask(faulty.port, FORM)[0] == 503
    assert ask(faulty.port, FORM)[0] == 200
    with pytest.raises(Exception, match="400"):
        faulty.faults({"rpc": "OAuthToken", "action": "lost_session"})


def test_a_token_that_expires_in_a_call(faulty):
    _, answer = ask(faulty.port, FORM)
    faulty.faults({"rpc": "OpenSession", "action": "expired_token"})
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            opened(faulty.port, answer["access_token"])
        assert caught.value.status == 401
