"""What is printed: without a database, from rows to the bytes of a PDF."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import uuid7
from contracts.money import line_net, totals
from documents import pdf
from erp.finance.invoicing import paper
from erp.finance.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from erp.finance.invoicing.queries import Delivery
from erp.finance.invoicing.words import WORDS

D = Decimal
DAY, DUE = date(2026, 11, 22), date(2026, 12, 22)
ISSUER: dict[str, Any] = {
    "name": "Northwind Traders GmbH",
    "address": {"lines": ["Speicherstraße 12"], "postal_code": "20457", "city": "Hamburg", "country": "DE"},
    "tax_id": "DE136695976",
}
NOBODY: dict[str, Any] = {"name": "", "address": None, "tax_id": None}
BILLED_TO: dict[str, Any] = {
    "name": "La maison d'Asie",
    "number": "C-000042",
    "address": {"lines": ["1 rue Alsace-Lorraine"], "postal_code": "31000", "city": "Toulouse", "country": "FR"},
    "tax_id": None,
}
FIRST, SECOND = uuid7(), uuid7()
DELIVERIES = {
    FIRST: Delivery("SO-000001", "4711", "S-000001", date(2026, 11, 12)),
    SECOND: Delivery("SO-000002", None, "S-000002", date(2026, 11, 13)),
}


def line(position: int, shipment_id: UUID, **values: str) -> dict[str, Any]:
    texts = {"quantity": "3", "unit_price": "14.125", "discount": "0", "tax_rate": "0.19", **values}
    amounts = {name: D(text) for name, text in texts.items()}
    net = line_net(amounts["quantity"], amounts["unit_price"], amounts["discount"], "EUR")
    ids = {"order_line_id": uuid4(), "order_id": uuid4(), "shipment_id": shipment_id}
    return {"position": position, "description": f"Chai {position}", "net": net, **ids, **amounts}


def document(language: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    sums = totals([(each["net"], each["tax_rate"]) for each in lines], "EUR")
    taxes = [{"rate": str(each.rate), "net": str(each.net), "tax": str(each.tax)} for each in sums.taxes]
    amounts = {"net": sums.net, "tax": sums.tax, "total": sums.total, "taxes": taxes, "settled": D(0)}
    return {
        "issued_on": DAY,
        "currency": "EUR",
        "issuer": ISSUER,
        "billed_to": BILLED_TO,
        "language": language,
        **amounts,
    }


def an_invoice(language: str = "de", lines: int = 1, **values: Any) -> Invoice:
    made = [line(position, FIRST if position % 2 else SECOND) for position in range(1, lines + 1)]
    made.sort(key=lambda each: each["shipment_id"])
    rows = [InvoiceLine(**each) for each in made]
    given = {"number": "INV-2026-000001", "due_on": DUE, "terms": None, "dunning_level": 0, **values}
    return Invoice(**{**document(language, made), **given, "lines": rows})


def a_credit_note(language: str = "de") -> CreditNote:
    made = [line(1, FIRST)]
    return CreditNote(
        **document(language, made),
        number="CN-2026-000001",
        reason=None,
        lines=[CreditNoteLine(**each) for each in made],
    )


def test_an_invoice_speaks_the_customers_language() -> None:
    data = paper.invoice_data(an_invoice("de-AT"), {FIRST: DELIVERIES[FIRST]})
    assert data["title"] == "Rechnung INV-2026-000001"
    assert data["rows"][0]["cells"] == ["Chai 1", "3", "€\xa014,125", "19\xa0%", "€\xa042,38"]
    assert data["sums"][-1] == ["Gesamtbetrag", "€\xa050,43"]
    assert ["Geliefert am", "12. November 2026"] in data["facts"]
    assert data["recipient"][-1] == "FRANKREICH"


def test_a_language_that_nobody_has_translated_reads_as_english() -> None:
    data = paper.invoice_data(an_invoice("fi"), {FIRST: DELIVERIES[FIRST]})
    assert (data["title"], data["sums"][-1]) == ("Invoice INV-2026-000001", ["Total", "€50.43"])


def test_paying_early_is_offered_when_the_terms_say_so() -> None:
    terms = {"days": 30, "discount_days": 10, "discount_percent": "2"}
    data = paper.invoice_data(an_invoice("en", terms=terms), {FIRST: DELIVERIES[FIRST]})
    assert data["call_out"][1] == "Paid by December 2, 2026, 2% is yours to keep: you pay €49.42."


def test_lines_of_several_deliveries_stand_under_their_delivery() -> None:
    data = paper.invoice_data(an_invoice("en", lines=2), DELIVERIES)
    headings = [row.get("heading") for row in data["rows"]]
    assert headings[0] == "Order SO-000001 · delivery S-000001 of November 12, 2026"
    assert headings[2] == "Order SO-000002 · delivery S-000002 of November 13, 2026"


def test_the_discount_has_a_column_only_where_there_is_one() -> None:
    row = an_invoice("en")
    assert "Discount" not in [each["label"] for each in paper.invoice_data(row, {})["columns"]]
    row.lines[0].discount = D("0.05")
    data = paper.invoice_data(row, {})
    assert (data["columns"][3]["label"], data["rows"][0]["cells"][3]) == ("Discount", "5%")


def test_a_reminder_lists_what_is_open_and_speaks_by_the_highest_level() -> None:
    rows = [an_invoice("en", dunning_level=1), an_invoice("en", dunning_level=2, settled=D("50"))]
    data = paper.reminder_data(rows, date(2026, 12, 30))
    assert data["title"] == "Second payment reminder"
    assert data["rows"][1]["cells"][-2:] == ["8", "€0.43"]
    assert data["sums"] == [["Open", "€50.86"]]


@pytest.mark.parametrize("language", [*WORDS.languages, "ja"])
def test_every_language_has_all_words_and_becomes_a_pdf(language: str) -> None:
    assert WORDS.words(language).keys() == WORDS.words("en").keys()
    row = an_invoice(language, lines=60, issuer=NOBODY, dunning_level=1)
    for data in (
        paper.invoice_data(row, DELIVERIES),
        paper.credit_note_data(a_credit_note(language), DELIVERIES, row),
        paper.reminder_data([row], DAY),
    ):
        assert pdf(paper.INVOICE.source, data, DAY).startswith(b"%PDF-")


def test_the_same_invoice_gives_the_same_bytes() -> None:
    data = paper.invoice_data(an_invoice(), {FIRST: DELIVERIES[FIRST]})
    assert pdf(paper.INVOICE.source, data, DAY) == pdf(paper.INVOICE.source, data, DAY)


def test_the_examples_of_templates_have_the_data_of_documents() -> None:
    row = an_invoice("en", dunning_level=1)
    made = {
        "invoice": paper.invoice_data(row, DELIVERIES),
        "credit_note": paper.credit_note_data(a_credit_note("en"), DELIVERIES, row),
        "reminder": paper.reminder_data([row], DAY),
    }
    assert {each.kind: each.example.keys() for each in paper.TEMPLATES} == {
        kind: data.keys() for kind, data in made.items()
    }
