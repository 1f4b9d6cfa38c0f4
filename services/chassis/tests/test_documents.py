from datetime import date
from decimal import Decimal

import pytest
from documents import Formats, pdf


@pytest.mark.parametrize(
    ("language", "money", "price", "percent", "day"),
    [
        ("de", "1.250,50\xa0€", "0,125\xa0€", "7,5\xa0%", "22. November 2026"),
        ("en-US", "€1,250.50", "€0.125", "7.5%", "November 22, 2026"),
        ("fr-CH", "1\u202f250,50\xa0€", "0,125\xa0€", "7,5%", "22 novembre 2026"),
        ("tlh", "€1,250.50", "€0.125", "7.5%", "November 22, 2026"),
    ],
)
def test_amounts_and_days_read_as_the_language_writes_them(
    language: str, money: str, price: str, percent: str, day: str
) -> None:
    formats = Formats(language)
    assert formats.money(Decimal("1250.5"), "EUR") == money
    assert formats.price(Decimal("0.1250"), "EUR") == price
    assert formats.percent(Decimal("0.0750")) == percent
    assert formats.day(date(2026, 11, 22)) == day


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    assert Formats("en").money(Decimal("1250"), "JPY") == "¥1,250"
    assert Formats("en").number(Decimal("12.5000")) == "12.5"


def test_a_template_becomes_a_pdf_and_its_data_is_never_markup() -> None:
    template = "#let data = json(bytes(sys.inputs.data))\n= #data.title"
    plain = pdf(template, {"title": "Offer"})
    tricky = pdf(template, {"title": '#panic("run") $ * _ <label>'})
    assert plain.startswith(b"%PDF-")
    assert tricky.startswith(b"%PDF-")


def test_a_letter_that_no_font_has_is_no_reason_to_have_no_document() -> None:
    template = "#let data = json(bytes(sys.inputs.data))\n= #data.title"
    assert pdf(template, {"title": "Offer \U0001e900\ufff9"}).startswith(b"%PDF-")
