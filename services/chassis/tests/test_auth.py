import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import jwt
import pytest
import structlog
from access.identity import ServiceIdentity
from chassis import auth
from chassis.auth import Principal, Verifier, public, requires, undeclared_routes
from chassis.errors import Unauthenticated, Unavailable
from chassis.issuer_keys import Keys
from chassis.settings import Issuer
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Depends

TENANT = UUID("00000000-0000-7000-8000-000000000001")


def verifier(issuer: Any, **options: Any) -> Verifier:
    return Verifier({issuer.name: Issuer(jwks=str(issuer.jwks), **options)}, "concord")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_asymmetric_signatures_pass(issuer: Any, algorithm: str) -> None:
    principal = await verifier(issuer).verify(issuer.token(algorithm=algorithm))
    scopes = frozenset({"things:read", "things:write"})
    assert principal == Principal("anna", TENANT, scopes, issuer.name)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
async def test_symmetric_signatures_are_refused(issuer: Any, algorithm: str) -> None:
    token = issuer.token(algorithm=algorithm, key="x" * 64, kid="ES256")
    with pytest.raises(Unauthenticated, match="asymmetric"):
        await verifier(issuer).verify(token)


async def test_unsigned_tokens_are_refused(issuer: Any) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    with pytest.raises(Unauthenticated, match="asymmetric"):
        await verifier(issuer).verify(jwt.encode(claims, "", algorithm="none", headers={"kid": "ES256"}))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"aud": "another"},
        {"iss": "https://unknown.test"},
        {"iss": None},
        {"aud": None},
        {"exp": None},
        {"sub": None},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
async def test_a_claim_that_is_wrong_or_missing_is_refused(issuer: Any, claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(issuer).verify(issuer.token(**claims))


async def test_another_key_under_a_known_name_is_refused(issuer: Any) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Unauthenticated, match="Signature"):
        await verifier(issuer).verify(issuer.token(key=stranger))


async def test_a_key_of_another_kind_under_a_known_name_is_refused(issuer: Any) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(issuer).verify(issuer.token(algorithm="RS256", kid="ES256"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "🙂.🙂.🙂"])
async def test_garbage_is_refused(issuer: Any, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(issuer).verify(token)


@pytest.mark.parametrize("tenant", [None, "", "acme", 7, {}])
async def test_a_token_without_a_tenant_is_forbidden(issuer: Any, tenant: Any) -> None:
    with pytest.raises(auth.TenantMissing):
        await verifier(issuer).verify(issuer.token(tenant=tenant))


@pytest.mark.parametrize(("claim", "roles"), [(["sales", "ops"], {"sales", "ops"}), ("sales", set()), (None, set())])
async def test_a_token_may_say_as_what_its_subject_calls(issuer: Any, claim: Any, roles: set[str]) -> None:
    principal = await verifier(issuer).verify(issuer.token(roles=claim))
    assert principal.roles == roles


async def test_an_issuer_grants_no_more_than_its_scopes(issuer: Any) -> None:
    principal = await verifier(issuer, scopes=frozenset({"things:read"})).verify(issuer.token())
    assert principal.scopes == {"things:read"}


async def test_a_verified_token_is_remembered_for_a_minute_and_never_past_its_end(issuer: Any) -> None:
    now = time.time()
    clock = {"now": now}
    verify = Verifier({issuer.name: Issuer(jwks=str(issuer.jwks))}, "concord", lambda: clock["now"])
    reads: list[str] = []
    claims = verify._claims

    async def counted(token: str) -> dict[str, Any]:
        reads.append(token)
        return await claims(token)

    verify._claims = counted  # type: ignore[method-assign]  # counts what is really verified
    long, short = issuer.token(), issuer.token(exp=int(now) + 30)
    for passed, verified in ((0, 2), (29, 2), (31, 3), (61, 5)):
        clock["now"] = now + passed
        await verify.verify(long)
        await verify.verify(short)
        assert len(reads) == verified


async def test_new_keys_are_found_without_a_restart_but_not_read_at_every_call(issuer: Any) -> None:
    clock = {"now": 0.0}
    keys = Keys(str(issuer.jwks), lambda: clock["now"])
    issuer.publish("ES256")
    await keys.find("ES256")
    issuer.publish("ES256", "RS256")
    clock["now"] = 9
    with pytest.raises(Unauthenticated, match="does not publish"):
        await keys.find("RS256")
    clock["now"] = 10
    assert (await keys.find("RS256")).key_id == "RS256"


async def test_callers_at_the_start_all_wait_for_the_keys(issuer: Any) -> None:
    verify = verifier(issuer)
    tokens = [issuer.token(sub=str(number)) for number in range(20)]
    principals = await asyncio.gather(*(verify.verify(token) for token in tokens))
    assert [principal.subject for principal in principals] == [str(number) for number in range(20)]


async def test_a_withdrawn_key_dies_and_a_source_that_is_away_harms_nobody(issuer: Any) -> None:
    clock = {"now": 0.0}
    keys = Keys(str(issuer.jwks), lambda: clock["now"])
    await keys.find("RS256")
    issuer.jwks.unlink()
    clock["now"] = 400
    await keys.find("RS256")
    issuer.publish("ES256")
    clock["now"] = 800
    with pytest.raises(Unauthenticated):
        await keys.find("RS256")


async def test_keys_that_were_never_read_make_the_service_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Keys(str(tmp_path / "nothing.json")).find("ES256")


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1/things", tags=["things"])

    @router.get("", dependencies=[requires("things:read")])
    async def listing() -> list[str]:
        return []

    @router.delete("", dependencies=[requires("things:read", "things:delete")])
    async def clear() -> None:
        return None

    @router.get("/me")
    async def me(caller: Annotated[Principal, requires("things:read")]) -> str:
        return caller.subject

    @router.get("/open", dependencies=[public])
    async def anyone() -> str:
        return "hello"

    return router


async def test_without_a_token_the_answer_is_401_and_says_how(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.get("/v1/things")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/unauthenticated"


async def test_an_expired_token_is_401_with_the_reason(make_app: Any, calls: Any, issuer: Any) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.get("/v1/things", headers=issuer.headers(exp=1))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["detail"] == "Signature has expired."


async def test_a_missing_scope_is_403_and_named(make_app: Any, calls: Any, issuer: Any) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.delete("/v1/things", headers=issuer.headers())
    assert answer.status_code == 403
    assert answer.json()["missing"] == "things:delete"
    assert "insufficient_scope" in answer.headers["www-authenticate"]


async def test_the_caller_reaches_the_route(make_app: Any, calls: Any, issuer: Any) -> None:
    async with calls(make_app([routes()])) as client:
        assert (await client.get("/v1/things/me", headers=issuer.headers())).json() == "anna"
        assert (await client.get("/v1/things/open")).json() == "hello"


def test_every_route_of_a_service_declares_what_it_needs(make_app: Any) -> None:
    assert undeclared_routes(make_app([routes()])) == []


def test_a_route_that_declares_nothing_is_found(make_app: Any) -> None:
    router = APIRouter(prefix="/v1")

    @router.get("/forgotten/{number}")
    async def forgotten(number: int, _: Annotated[Principal, Depends(auth.authenticated)]) -> int:
        return number

    app = make_app([routes(), router])
    app.mount("/files", app)
    assert undeclared_routes(app) == ["GET /v1/forgotten/{number}", "MOUNT /files"]


def test_a_scope_cannot_be_forgotten() -> None:
    with pytest.raises(ValueError, match="at least one scope"):
        requires()


async def test_a_service_signs_tokens_that_others_accept(issuer: Any, tmp_path: Path) -> None:
    private = jwt.get_algorithm_by_name("ES256").to_jwk(issuer.keys["ES256"], as_dict=True)
    key_file = tmp_path / "key.json"
    key_file.write_text(json.dumps({**private, "kid": "ES256", "alg": "ES256"}))
    clock = {"now": time.time()}
    identity = ServiceIdentity(key_file, issuer.name, "concord", lambda: clock["now"])
    first = identity.token(TENANT, ["replication:write"])
    principal = await verifier(issuer).verify(first)
    assert principal == Principal(issuer.name, TENANT, frozenset({"replication:write"}), issuer.name)
    assert identity.token(TENANT, ["replication:write"]) == first
    assert identity.token(TENANT, ["replication:read"]) != first
    clock["now"] += 241
    assert identity.token(TENANT, ["replication:write"]) != first


async def test_a_token_may_name_several_audiences(issuer: Any) -> None:
    assert await verifier(issuer).verify(issuer.token(aud=["other", "concord"]))
    with pytest.raises(Unauthenticated, match="Audience"):
        await verifier(issuer).verify(issuer.token(aud=["other", "another"]))


async def test_an_issuer_speaks_only_for_its_tenants(issuer: Any, make_app: Any, calls: Any) -> None:
    stranger = "00000000-0000-7000-8000-000000000002"
    bound = {issuer.name: Issuer(jwks=str(issuer.jwks), tenants=frozenset({TENANT}))}
    async with calls(make_app([routes()], auth_issuers=bound)) as client:
        assert (await client.get("/v1/things", headers=issuer.headers())).status_code == 200
        refused = await client.get("/v1/things", headers=issuer.headers(tenant=stranger))
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/issuer-not-of-tenant"
    assert stranger in refused.json()["detail"]


async def test_an_issuer_of_no_tenant_speaks_for_nobody(issuer: Any) -> None:
    with pytest.raises(auth.IssuerNotOfTenant):
        await verifier(issuer, tenants=frozenset()).verify(issuer.token())


def test_an_issuer_of_all_tenants_is_reported(issuer: Any) -> None:
    with structlog.testing.capture_logs() as logged:
        verifier(issuer).report()
        verifier(issuer, tenants=frozenset({TENANT})).report()
    assert [(each["event"], each["issuer"]) for each in logged] == [("issuer_of_all_tenants", issuer.name)]


def test_a_field_may_need_a_scope_of_its_own() -> None:
    fields = auth.FieldScopes({"limit": "limits:write", "price": "prices:write"})
    caller = Principal("anna", TENANT, frozenset({"prices:write"}), "test")
    fields.check(caller, {"price", "name"})
    with pytest.raises(auth.ScopeMissing) as refused:
        fields.check(caller, {"price": 1, "limit": None})
    assert refused.value.facts["missing"] == "limits:write"
