"""The figures of the forecast and the funnel equal a plain recount of the deals."""

import random
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ..deals.test_routes import a_customer

pytestmark = pytest.mark.servers
Row = dict[str, Any]
STAGES = ("qualification", "needs", "proposal", "negotiation")
PERIOD = {"first_day": "2026-01-01", "last_day": "2027-12-31"}
REASONS = ("Price", "Competitor", "No budget")


async def played(api: httpx.AsyncClient, seed: int) -> list[Row]:
    """Random deals that move forward and back, are won, lost, and left open."""
    chance = random.Random(seed)  # noqa: S311  (repeatable test data)
    customer = await a_customer(api)
    contact = (await api.post("/v1/contacts", json={"name": "Maria"})).json()["id"]
    for number in range(12):
        body = {
            "name": f"Deal {number}",
            "customer_id": customer,
            "contact_id": contact,
            "amount": str(Decimal(chance.randrange(1, 10**7)) / 100),
            "currency": chance.choice(("EUR", "USD")),
            "expected_close": f"2026-{chance.randrange(1, 13):02}-15",
            "source": chance.choice(("fair", "web")),
        }
        entered = await api.post("/v1/deals", json=body)
        assert entered.status_code == 201, entered.text
        path = f"/v1/deals/{entered.json()['id']}"
        for _ in range(chance.randrange(4)):
            await api.post(f"{path}/move", json={"stage": chance.choice(STAGES)})
        verb = chance.choice(("win", "lose", None))
        if verb is not None:
            closing: Row = {"closed_on": f"2026-{chance.randrange(1, 13):02}-20"}
            closing |= {"reason": chance.choice(REASONS)} if verb == "lose" else {}
            assert (await api.post(f"{path}/{verb}", json=closing)).status_code == 200
    found: list[Row] = (await api.get("/v1/deals", params={"limit": 200})).json()["items"]
    return found


def expected(deals: Iterable[Row]) -> dict[tuple[str, str], dict[str, Decimal]]:
    """(month, currency) -> the figures of a forecast."""
    rows: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for deal in deals:
        day = {"open": deal["expected_close"], "won": deal["closed_on"]}.get(deal["state"])
        if day is None:
            continue
        row, amount, chance = rows[day[:7], deal["currency"]], Decimal(deal["amount"]), Decimal(deal["probability"])
        if deal["state"] == "won":
            row["won"] += amount
            continue
        row["open"] += amount
        row["weighted"] += amount * chance
        row["best_case"] += amount if chance >= Decimal("0.5") else 0
        row["committed"] += amount if chance >= Decimal("0.75") else 0
    return rows


@pytest.mark.parametrize("seed", range(4))
async def test_a_forecast_equals_a_recount(api: httpx.AsyncClient, seed: int) -> None:
    wanted = expected(await played(api, seed))
    answer = await api.get("/v1/forecast", params=PERIOD)
    assert answer.status_code == 200, answer.text
    names = ("won", "committed", "best_case", "open", "weighted")
    found = {(row["month"][:7], row["currency"]): {n: Decimal(row[n]) for n in names} for row in answer.json()["items"]}
    assert found == {key: {name: row[name] for name in names} for key, row in wanted.items()}


@pytest.mark.parametrize("seed", range(4))
async def test_a_funnel_equals_a_recount_of_the_stage_history(api: httpx.AsyncClient, seed: int) -> None:
    deals = await played(api, seed)
    stays = {deal["id"]: (await api.get(f"/v1/deals/{deal['id']}/stages")).json()["items"] for deal in deals}
    for deal in deals:
        last = stays[deal["id"]][-1]
        assert (last["stage"], last["left_to"] or "open") == (deal["stage"], deal["state"]), "the history adds up"
    answer = await api.get("/v1/funnel", params=PERIOD)
    assert answer.status_code == 200, answer.text
    funnel = answer.json()
    states = [deal["state"] for deal in deals]
    assert [funnel[name] for name in ("entered", "won", "lost")] == [12, states.count("won"), states.count("lost")]
    order = (*STAGES, "won")
    for stage in funnel["stages"]:
        place, key = order.index(stage["stage"]), stage["stage"]
        left = {deal: [each["left_to"] for each in items if each["stage"] == key] for deal, items in stays.items()}
        entered = [to for to in left.values() if to]
        advanced = [to for to in entered if any(each in order[place + 1 :] for each in to)]
        assert (stage["entered"], stage["advanced"]) == (len(entered), len(advanced)), key
        assert stage["lost"] == len([to for to in entered if "lost" in to]), key
    reasons = {(each["state"], each["reason"], each["source"]): each["count"] for each in funnel["reasons"]}
    for (state, reason, source), count in reasons.items():
        same = [d for d in deals if (d["state"], d["reason"], d["source"]) == (state, reason, source)]
        assert len(same) == count


async def test_a_forecast_is_filtered_by_team_and_needs_a_period_in_order(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await played(api, 1)
    team = {"team_id": "01900000-0000-7000-8000-0000000000ff"}
    assert (await api.get("/v1/forecast", params={**PERIOD, **team})).json()["items"] == []
    assert (await stranger.get("/v1/forecast", params=PERIOD)).json()["items"] == []
    turned = {"first_day": "2026-02-01", "last_day": "2026-01-01"}
    assert (await api.get("/v1/forecast", params=turned)).status_code == 422
    assert (await api.get("/v1/funnel", params={"first_day": "2026-01-01"})).status_code == 422
