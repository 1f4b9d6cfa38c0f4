"""Templates of a tenant print its quotes, in versions."""

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import caller
from crm.wiring import SERVICE

from .test_routes import a_quote

pytestmark = pytest.mark.servers
TEMPLATES = "/v1/document-templates"
QUOTE = f"{TEMPLATES}/quote"
OWN = "#let data = json(bytes(sys.inputs.data))\nOffer of #data.sender.name"


async def test_a_tenant_prints_with_its_own_template_and_goes_back(api: httpx.AsyncClient) -> None:
    pdf = f"/v1/quotes/{(await a_quote(api))['id']}/pdf"
    ours = (await api.get(pdf)).content
    assert (await api.get(TEMPLATES)).json()["items"][0]["built_in"]
    replaced = await api.put(QUOTE, json={"source": OWN, "note": "Short"})
    assert (replaced.status_code, replaced.headers["ETag"], replaced.json()["built_in"]) == (200, '"1"', False)
    assert (await api.get(pdf)).content != ours
    stale = await api.put(QUOTE, json={"source": OWN}, headers={"If-Match": '"0"'})
    assert (stale.status_code, (await api.put(QUOTE, json={"source": OWN})).status_code) == (412, 428)
    assert (await api.delete(QUOTE, headers={"If-Match": '"1"'})).json()["version"] == 2
    assert (await api.get(pdf)).content == ours
    versions = (await api.get(f"{QUOTE}/versions")).json()["items"]
    assert [(each["version"], each["built_in"], each["note"]) for each in versions] == [
        (2, True, ""),
        (1, False, "Short"),
    ]


async def test_a_template_is_tried_without_being_stored(api: httpx.AsyncClient) -> None:
    shown = (await api.get(QUOTE)).json()
    assert "#show: letter" in shown["source"] and shown["example"]["title"].startswith("Quote")
    in_use, tried = [await api.post(f"{QUOTE}/preview", json=body) for body in ({}, {"source": OWN})]
    assert in_use.headers["content-type"] == tried.headers["content-type"] == "application/pdf"
    assert in_use.content != tried.content
    assert (await api.get(QUOTE)).json()["version"] == 0


@pytest.mark.parametrize("request_line", [f"PUT {QUOTE}", f"POST {QUOTE}/preview"])
async def test_a_template_that_fails_is_refused_by_its_line(api: httpx.AsyncClient, request_line: str) -> None:
    method, path = request_line.split()
    answer = await api.request(method, path, json={"source": "One\n#two"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/template-fails")
    assert answer.json()["errors"] == [
        {"field": "source", "code": "template", "message": "line 2: unknown variable: two"}
    ]
    assert (await api.get(QUOTE)).json()["version"] == 0


async def test_only_who_may_replace_a_template_does(sessions: Sessions, api: httpx.AsyncClient) -> None:
    async with caller(SERVICE, sessions, "quotes:read quotes:write") as seller:
        assert (await seller.get(QUOTE)).status_code == 200
        assert (await seller.put(QUOTE, json={"source": OWN})).status_code == 403
    assert (await api.get(f"{TEMPLATES}/letter")).status_code == 404
