"""OAuth for service principals: the token endpoint, and the access tokens that it has handed out."""

import base64
import hmac
import json
import secrets
import threading
import time
from urllib.parse import parse_qs, unquote_plus

TOKEN_PATH = "/oidc/v1/token"


def same(a, b):
    return hmac.compare_digest(a.encode(), b.encode())


def web_token(client, lifetime):
    """A JSON Web Token, which clients look into to see when it ends. Nothing checks its signature: the token is known as a whole."""
    now = int(time.time())
    parts = {"alg": "RS256", "typ": "JWT"}, {"iss": "sandbox", "sub": client, "iat": now, "exp": now + lifetime}
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(256)])


class Refused(Exception):
    def __init__(self, status, error, description):
        super().__init__(description)
        self.status, self.body = status, {"error": error, "error_description": description}


class OAuth:
    def __init__(self, clients=None, lifetime=3600):
        self.clients, self.lifetime = dict(clients or {}), lifetime
        self._lock = threading.Lock()
        self._tokens = {}       # token: when it expires

    def knows(self, token):
        """Whether a token is one of ours, and still good."""
        with self._lock:
            expires = next((at for known, at in self._tokens.items() if same(known, token)), 0)
        return time.monotonic() < expires

    def expire(self):
        """All tokens end now."""
        with self._lock:
            self._tokens.clear()

    def grant(self, authorization, body):
        """The answer to a request for a token: what RFC 6749 calls the client credentials grant, with the client in a Basic header or in the form."""
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        client, secret = self._client(authorization, form)
        if form.get("grant_type") != "client_credentials":
            raise Refused(400, "unsupported_grant_type", f"Grant type {form.get('grant_type')!r} is not supported.")
        if client not in self.clients or not same(self.clients[client], secret):
            raise Refused(401, "invalid_client", "Client authentication failed")
        if form.get("scope") != "all-apis":
            raise Refused(400, "invalid_scope", f"Scope {form.get('scope')!r} is not known.")
        token = web_token(client, self.lifetime)
        with self._lock:
            self._tokens[token] = time.monotonic() + self.lifetime
        return {"access_token": token, "scope": "all-apis", "token_type": "Bearer", "expires_in": self.lifetime}

    def _client(self, authorization, form):
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "basic":
            return form.get("client_id", ""), form.get("client_secret", "")
        try:
            client, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            raise Refused(401, "invalid_client", "The Basic credentials cannot be read") from None
        return unquote_plus(client), unquote_plus(secret)


def discover(path, base):
    """What a client finds out about us by itself: the answer to a GET of a well-known path, or None."""
    if path == "/.well-known/databricks-config":
        return {"oidc_endpoint": f"{base}/oidc", "account_id": "00000000-0000-4000-8000-000000000000", "workspace_id": "1"}
    if path not in ("/oidc/.well-known/oauth-authorization-server", "/oidc/.well-known/openid-configuration"):
        return None
    return {"issuer": f"{base}/oidc", "token_endpoint": base + TOKEN_PATH, "authorization_endpoint": f"{base}/oidc/v1/authorize",
            "jwks_uri": f"{base}/oidc/jwks.json", "scopes_supported": ["all-apis"], "response_types_supported": ["code", "id_token"],
            "grant_types_supported": ["client_credentials"], "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]}
