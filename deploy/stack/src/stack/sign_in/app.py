"""HTTP of the issuer."""

import secrets
from collections.abc import Sequence
from html import escape
from urllib.parse import parse_qs, urlencode

from oauthlib.oauth2.rfc6749 import errors
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stack.keys import ALGORITHM, Issuer
from stack.sign_in import pages
from stack.sign_in.people import PEOPLE, Person
from stack.sign_in.redirects import DEFAULT, is_registered
from stack.sign_in.server import CLIENT, MOST, SCOPES, Rules, Server

COOKIE = "concord-sign-in"
LOCAL_ORIGINS = r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?"
LARGEST_BODY_BYTES = 64 * 1024


class SignIn:
    """The issuer at an address. Sessions and codes are lost when it stops: people sign in again."""

    def __init__(self, address: str, keys: Issuer, registered: Sequence[str] = DEFAULT) -> None:
        self.address, self.keys, self.registered = address, keys, registered
        self.server = Server(Rules(address, keys, registered))
        self.sessions: dict[str, Person] = {}

    async def metadata(self, _: Request) -> Response:
        """OpenID Connect Discovery 1.0."""
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "end_session_endpoint": f"{self.address}/end-session",
                "jwks_uri": f"{self.address}/jwks",
                "scopes_supported": SCOPES,
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "claims_supported": ["sub", "name", "email", "roles"],
            }
        )

    async def jwks(self, _: Request) -> Response:
        """The public keys."""
        return JSONResponse({"keys": self.keys.published()})

    async def authorize(self, request: Request) -> Response:
        """Go back with a code at once while a session lasts, else ask who it is."""
        prompt = request.query_params.get("prompt", "").split()
        person = None if "login" in prompt else self._person(request)
        if person is not None or "none" in prompt:
            return self._with_code(request, person)
        try:
            self.server.validate_authorization_request(str(request.url), "GET")
        except errors.FatalClientError as refused:
            return _refused(refused)
        except errors.OAuth2Error as refused:
            return RedirectResponse(refused.in_uri(refused.redirect_uri), 302)
        return self._ask(request)

    async def chosen(self, request: Request) -> Response:
        """Somebody has signed in: begin a session, and go back with a code."""
        own = f"{request.url.scheme}://{request.url.netloc}"
        if request.headers.get("origin", own) != own:
            return pages.page("Refused", "<p>The form was sent by another page.</p>", 403)
        person = PEOPLE.get(_form(await request.body()).get("person", ""))
        if person is None:
            return self._ask(request)
        answer = self._with_code(request, person)
        if "location" in answer.headers:
            self._begin_session(answer, person)
        return answer

    async def token(self, request: Request) -> Response:
        """Exchange a code and its verifier for tokens."""
        body = (await request.body()).decode("utf-8", "replace")
        headers, text, status = self.server.create_token_response(str(request.url), "POST", body, dict(request.headers))
        return Response(text, status, headers=headers)

    async def end_session(self, request: Request) -> Response:
        """End the session, and go to a registered address (OpenID Connect RP-Initiated Logout 1.0)."""
        asked = dict(request.query_params) if request.method == "GET" else _form(await request.body())
        self.sessions.pop(request.cookies.get(COOKIE, ""), None)
        target = asked.get("post_logout_redirect_uri", "")
        if is_registered(target, self.registered):
            state = f"?{urlencode({'state': asked['state']})}" if "state" in asked else ""
            answer: Response = RedirectResponse(target + state, 302)
        else:
            answer = pages.page("Signed out", "<p>You can close this page.</p>")
        answer.delete_cookie(COOKIE)
        return answer

    def _with_code(self, request: Request, person: Person | None) -> Response:
        try:
            headers, body, status = self.server.create_authorization_response(
                str(request.url), "GET", credentials={"user": person}
            )
        except errors.FatalClientError as refused:
            return _refused(refused)
        return Response(body, status, headers=headers)

    def _ask(self, request: Request) -> Response:
        action = f"/authorize?{request.url.query}"
        return pages.choose(PEOPLE.values(), action, request.query_params.get("redirect_uri", ""))

    def _person(self, request: Request) -> Person | None:
        return self.sessions.get(request.cookies.get(COOKIE, ""))

    def _begin_session(self, answer: Response, person: Person) -> None:
        if len(self.sessions) >= MOST:
            self.sessions.pop(next(iter(self.sessions)))
        name = secrets.token_urlsafe(32)
        self.sessions[name] = person
        answer.set_cookie(COOKIE, name, httponly=True, samesite="lax")


def _form(body: bytes) -> dict[str, str]:
    text = body[:LARGEST_BODY_BYTES].decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(text, max_num_fields=50).items()}


def _refused(error: errors.FatalClientError) -> Response:
    """An error that is shown here, because the address to go back to is not to be trusted."""
    hint = f"The client is {CLIENT}; SIGN_IN_REDIRECTS lists the addresses to go back to."
    reason = error.description or error.error
    return pages.page("This sign-in is refused", f"<p>{escape(str(reason))}</p><p>{escape(hint)}</p>", 400)


def application(address: str, keys: Issuer, registered: Sequence[str] = DEFAULT) -> Starlette:
    """The application of the issuer, for the names of this machine only."""
    issuer = SignIn(address, keys, registered)
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", issuer.metadata),
            Route("/jwks", issuer.jwks),
            Route("/authorize", issuer.authorize),
            Route("/authorize", issuer.chosen, methods=["POST"]),
            Route("/token", issuer.token, methods=["POST"]),
            Route("/end-session", issuer.end_session, methods=["GET", "POST"]),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(CORSMiddleware, allow_origin_regex=LOCAL_ORIGINS, allow_methods=["GET", "POST"],
                       allow_headers=["*"]),
        ],
    )  # fmt: skip
