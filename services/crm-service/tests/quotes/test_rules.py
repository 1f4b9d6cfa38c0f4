"""States, discounts and paper of a quote, without a database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts.discount import DiscountLimits
from crm.sales.quotes.models import NothingQuoted, Quote, QuoteFixed, check_discounts
from crm.sales.quotes.paper import QUOTE, quote_data
from crm.sales.quotes.rules import Letterhead, Line, Paper, QuoteState
from crm.sales.quotes.words import WORDS
from documents import pdf
from lines.amounts import totals_of
from lines.discounts.rules import DiscountTooHigh

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERYBODY: frozenset[str] = frozenset()
DIRECTOR = frozenset({"sales-director"})
ACTIONS = ("change", "send", "accept", "decline", "revise")


def line(**values: Any) -> Line:
    usual: dict[str, Any] = {
        "id": uuid4(), "product_id": UUID(int=1), "description": "Chai", "quantity": "10", "unit_price": "18",
        "tax_class": "standard", "tax_rate": "0.19", "catalogue_price": "18",
    }  # fmt: skip
    return Line.model_validate({**usual, **values})


def quote(*lines: Line, **values: Any) -> Quote:
    usual: dict[str, Any] = {
        "id": uuid4(), "number": "Q-000001", "revision": 1, "state": "draft", "currency": "EUR", "introduction": "",
        "customer_id": uuid4(),
    }  # fmt: skip
    row = Quote(**usual | values)
    row.write_lines(list(lines), [])
    return row


def in_state(state: QuoteState) -> Quote:
    row = quote(line(), state="sent" if state is QuoteState.EXPIRED else state.value)
    row.valid_until = date(2026, 11, 21) if state is QuoteState.EXPIRED else None
    return row


ALLOWED = {
    QuoteState.DRAFT: {"change", "send"},
    QuoteState.SENT: {"accept", "decline", "revise"},
    QuoteState.EXPIRED: {"decline", "revise"},
    QuoteState.DECLINED: {"revise"},
    QuoteState.ACCEPTED: set(),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", list(QuoteState))
def test_what_a_state_does_not_allow_is_refused_with_what_it_allows(state: QuoteState, action: str) -> None:
    row = in_state(state)
    if action in ALLOWED[state]:
        row.must_allow(action, NOW.date())
        return
    with pytest.raises(QuoteFixed) as refused:
        row.must_allow(action, NOW.date())
    assert refused.value.facts["state"] == state.value
    assert set(refused.value.facts["allowed"]) == ALLOWED[state]


def test_a_quote_holds_on_its_last_day_and_is_expired_after_it() -> None:
    row = quote(line(), state="sent", valid_until=date(2026, 11, 22))
    assert row.shown_state(date(2026, 11, 22)) is QuoteState.SENT
    assert row.shown_state(date(2026, 11, 23)) is QuoteState.EXPIRED


def test_sending_keeps_the_version_as_the_customer_has_it() -> None:
    row = quote(line(), line(discount="0.05"))
    sent = row.send(DiscountLimits(), EVERYBODY, {}, NOW)
    assert (sent.revision, sent.net, sent.tax, sent.total) == (
        1,
        Decimal("351.00"),
        Decimal("66.69"),
        Decimal("417.69"),
    )
    row.revise(None, NOW.date())
    assert (row.state, row.revision, row.sent_at) == ("draft", 2, None)
    row.write_lines([line(quantity="1")], [])
    assert (sent.net, len(sent.lines), row.net) == (Decimal("351.00"), 2, Decimal("18.00"))


def test_a_quote_without_lines_is_not_sent() -> None:
    with pytest.raises(NothingQuoted):
        quote().send(DiscountLimits(), EVERYBODY, {}, NOW)


@pytest.mark.parametrize(
    ("values", "given"),
    [
        ({"discount": "0.05"}, "0.05"),
        ({"unit_price": "9"}, "0.5"),  # A lower price is a discount by another name.
        ({"unit_price": "9", "discount": "0.5"}, "0.75"),
        ({"unit_price": "20"}, "0"),
        ({"catalogue_price": None, "unit_price": "9", "discount": "0.07"}, "0.07"),
    ],
)
def test_a_discount_counts_however_it_is_given(values: dict[str, Any], given: str) -> None:
    assert line(**values).given == Decimal(given)


def test_each_role_has_its_limit_and_the_greatest_of_several_holds() -> None:
    limits = DiscountLimits()
    for roles, limit in ((set(), "0.05"), ({"sales"}, "0.1"), ({"sales", "sales-manager", "cook"}, "0.3")):
        assert limits.of(roles) == Decimal(limit)
    with pytest.raises(DiscountTooHigh) as refused:
        check_discounts([line(), line(discount="0.2")], limits, frozenset({"sales"}))
    facts = refused.value.facts
    assert (facts["line"], facts["limit"], facts["who_may"]) == (
        2,
        "0.1",
        ["sales-director", "sales-lead", "sales-manager"],
    )
    check_discounts([line(discount="1")], limits, DIRECTOR)


def test_what_a_quote_comes_to_does_not_depend_on_the_order_of_its_lines() -> None:
    lines = [line(quantity="0.333", unit_price="9.99"), line(tax_rate="0.07"), line(discount="0.15")]
    assert totals_of(lines, (), "EUR") == totals_of(reversed(lines), (), "EUR")


ALFREDS: tuple[str, dict[str, Any] | None] = (
    "Alfreds Futterkiste",
    {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "region": None, "country": "DE"},
)


def paper(recipient: tuple[str, dict[str, Any] | None], language: str, head: Letterhead) -> Paper:
    name, address = recipient
    return Paper(name=name, address=address, language=language, letterhead=head, day=NOW.date())


@pytest.mark.parametrize("language", ["de-AT", "fr", "ja", "nonsense"])
def test_a_quote_is_a_pdf_in_any_language(language: str) -> None:
    row = quote(line(description="#Chai *hot* 茶"), introduction="Dear Maria,\n\nas discussed.", reference="PO 7")
    for recipient in (ALFREDS, ("王小明", None)):
        data = quote_data(row, row.number, paper(recipient, language, Letterhead()))
        assert pdf(QUOTE.source, data, NOW.date()).startswith(b"%PDF-")
        assert data.keys() == QUOTE.example.keys()


def test_a_quote_speaks_the_language_of_its_customer() -> None:
    row = quote(line(discount="0.05"), line(tax_rate="0"), valid_until=date(2026, 12, 31), state="sent", sent_at=NOW)
    head = Letterhead.model_validate({"name": "Northwind Traders", "address": {"city": "Seattle", "country": "US"}})
    data = quote_data(row, row.number, paper(ALFREDS, "de", head))
    assert (data["title"], data["facts"][1]) == ("Angebot Q-000001", ["Gültig bis", "31. Dezember 2026"])
    assert data["recipient"][-1] == "DEUTSCHLAND"
    assert [column["label"] for column in data["columns"]][3:5] == ["Rabatt", "USt."]
    assert data["rows"][0]["cells"][2:] == ["18,00\xa0€", "5\xa0%", "19\xa0%", "171,00\xa0€"]
    assert data["sums"][1:] == [["USt. 19\xa0% auf 171,00\xa0€", "32,49\xa0€"], ["Gesamt", "383,49\xa0€"]]


def test_every_language_has_every_word() -> None:
    assert {frozenset(words) for words in WORDS.languages.values()} == {frozenset(WORDS.languages["en"])}
