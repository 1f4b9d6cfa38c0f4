"""Customers are found by the beginnings of words, whatever way the statement takes."""

import httpx
import pytest
from records import words

pytestmark = pytest.mark.servers
PATH = "/v1/customers"


async def found(api: httpx.AsyncClient, typed: str) -> list[str]:
    answer = await api.get(PATH, params={"q": typed})
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


@pytest.fixture(params=[words.MOST, 0], ids=["looked up", "compared"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the index; or row by row, as when too many are found."""
    monkeypatch.setattr(words, "MOST", request.param)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("müll", ["Müller & Söhne"]),
        ("mu", ["Mühle Nord", "Müller & Söhne"]),
        ("SOHNE müll", ["Müller & Söhne"]),
        ("mueller.ex", ["Müller & Söhne"]),
        ("北京", ["北京 商店"]),
        ("ller", []),
        ("mu nichts", []),
        ("&", ["Mühle Nord", "Müller & Söhne", "北京 商店"]),
    ],
)
async def test_each_word_is_the_beginning_of_a_word(api: httpx.AsyncClient, typed: str, names: list[str]) -> None:
    for name, email in (("Müller & Söhne", "info@mueller.example"), ("Mühle Nord", None), ("北京 商店", None)):
        assert (await api.post(PATH, json={"name": name, "email": email})).status_code == 201
    assert sorted(await found(api, typed)) == names


@pytest.mark.parametrize("typed", ["a'b", "a & !b", "(", "a:*", "a\\", "a_b", "'", "<->", "²", "1.5e3", "-"])
async def test_signs_of_the_query_language_mean_nothing(api: httpx.AsyncClient, typed: str) -> None:
    assert (await api.post(PATH, json={"name": f"x {typed} y"})).status_code == 201
    assert await found(api, typed) == [f"x {typed} y"]


async def test_customers_of_other_tenants_are_not_found(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert (await api.post(PATH, json={"name": "Alfreds Futterkiste"})).status_code == 201
    assert (await found(api, "alf"), await found(stranger, "alf")) == (["Alfreds Futterkiste"], [])
