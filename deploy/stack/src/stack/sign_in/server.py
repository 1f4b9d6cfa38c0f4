"""The authorisation server: authorisation code with PKCE (S256), by oauthlib. What it has issued is kept in memory."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.endpoints import AuthorizationEndpoint, TokenEndpoint
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid import RequestValidator
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant

from stack.keys import ALGORITHM, AUDIENCES, FIRST_TENANT, Issuer
from stack.sign_in.people import Person
from stack.sign_in.redirects import is_registered

CLIENT = "concord"
SCOPES = ("openid", "profile", "email")
CODE_SECONDS = 60
TOKEN_SECONDS = 3600
MOST = 1000


@dataclass(frozen=True)
class Client:
    """A front end. It is public: it has no secret, and proves by PKCE that a code is its own."""

    client_id: str = CLIENT


@dataclass(frozen=True)
class Code:
    """An authorisation code that was given out."""

    person: Person
    redirect_uri: str
    challenge: str
    scopes: Sequence[str]
    nonce: str | None
    good_until: float


class Rules(RequestValidator):  # type: ignore[misc]  # the library has no types
    """What this issuer allows. A code is used up by the first attempt, also by one that fails."""

    def __init__(self, address: str, keys: Issuer, registered: Sequence[str]) -> None:
        self.address, self.keys, self.registered = address, keys, registered
        self.codes: dict[str, Code] = {}

    def validate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        request.client = Client()
        return client_id == CLIENT

    authenticate_client_id = validate_client_id

    def client_authentication_required(self, request: Any, *_: Any, **__: Any) -> bool:
        return False

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *_: Any, **__: Any) -> bool:
        return is_registered(redirect_uri, self.registered)

    def get_default_redirect_uri(self, client_id: str, request: Any, *_: Any, **__: Any) -> None:
        return None

    def validate_response_type(self, client_id: str, response_type: str, *_: Any, **__: Any) -> bool:
        return response_type == "code"

    def validate_grant_type(self, client_id: str, grant_type: str, *_: Any, **__: Any) -> bool:
        return grant_type == "authorization_code"

    def validate_scopes(self, client_id: str, scopes: Sequence[str], *_: Any, **__: Any) -> bool:
        return set(scopes) <= set(SCOPES)

    def get_default_scopes(self, client_id: str, request: Any, *_: Any, **__: Any) -> Sequence[str]:
        return ["openid"]

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return True

    def validate_silent_login(self, request: Any) -> bool:
        return request.user is not None

    def validate_silent_authorization(self, request: Any) -> bool:
        return True

    def validate_user_match(self, id_token_hint: Any, scopes: Any, claims: Any, request: Any) -> bool:
        return True

    def save_authorization_code(
        self, client_id: str, code: Mapping[str, str], request: Any, *_: Any, **__: Any
    ) -> None:
        if len(self.codes) >= MOST:
            self.codes.pop(next(iter(self.codes)))
        good_until = time.monotonic() + CODE_SECONDS
        self.codes[code["code"]] = Code(
            request.user, request.redirect_uri, request.code_challenge, request.scopes, request.nonce, good_until
        )

    def validate_code(self, client_id: str, code: str, client: Client, request: Any, *_: Any, **__: Any) -> bool:
        found = self.codes.pop(code, None)
        if found is None or time.monotonic() > found.good_until:
            return False
        request.grant, request.user, request.scopes = found, found.person, found.scopes
        return True

    def get_code_challenge(self, code: str, request: Any) -> str:
        grant: Code = request.grant
        return grant.challenge

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        return "S256"

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *_: Any,
                             **__: Any) -> bool:  # fmt: skip
        grant: Code = request.grant
        return grant.redirect_uri == redirect_uri

    def get_authorization_code_nonce(self, client_id: str, code: str, redirect_uri: str, request: Any) -> str | None:
        grant: Code = request.grant
        return grant.nonce

    def save_token(self, token: Any, request: Any, *_: Any, **__: Any) -> None:
        """Tokens are verified by their signature."""

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *_: Any, **__: Any) -> None:
        """`validate_code` has done it."""

    def finalize_id_token(self, id_token: dict[str, Any], token: Any, token_handler: Any, request: Any) -> str:
        about = {"name": request.user.name, "email": request.user.email, "roles": list(request.user.roles)}
        return self.signed({**id_token, **about}, request.user, "JWT")

    def access_token(self, request: Any) -> str:
        """A token for all services (RFC 9068). It names no scope of theirs, so that the roles decide."""
        claims = {
            "aud": list(AUDIENCES.values()),
            "client_id": CLIENT,
            "jti": secrets.token_urlsafe(16),
            "scope": " ".join(request.scopes),
            "tenant": FIRST_TENANT,
            "roles": list(request.user.roles),
        }
        return self.signed(claims, request.user, "at+jwt")

    def signed(self, claims: dict[str, Any], person: Person, kind: str) -> str:
        """A token about a person, signed with the key that `make token` uses now."""
        now = int(time.time())
        about = {"iss": self.address, "sub": person.subject, "iat": now, "exp": now + TOKEN_SECONDS}
        key = jwt.PyJWK.from_dict(self.keys.signing_key())
        return jwt.encode({**claims, **about}, key.key, algorithm=ALGORITHM, headers={"kid": key.key_id, "typ": kind})


class Server(AuthorizationEndpoint, TokenEndpoint):  # type: ignore[misc]  # the library has no types
    """Both endpoints, for one flow."""

    def __init__(self, rules: Rules) -> None:
        code = AuthorizationCodeGrant(rules, refresh_token=False)
        code.custom_validators.pre_auth.append(_only_s256)
        bearer = BearerToken(rules, token_generator=rules.access_token, expires_in=TOKEN_SECONDS)
        AuthorizationEndpoint.__init__(self, "code", bearer, {"code": code})
        TokenEndpoint.__init__(self, "authorization_code", bearer, {"authorization_code": code})


def _only_s256(request: Any) -> dict[str, Any]:
    """The library would also accept `plain`, by which whoever reads a request can use its code."""
    if request.code_challenge is not None and request.code_challenge_method != "S256":
        raise errors.UnsupportedCodeChallengeMethodError(request=request)
    return {}
