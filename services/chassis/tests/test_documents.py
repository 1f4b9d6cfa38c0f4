from datetime import date
from decimal import Decimal

import pytest
from documents import Formats, Sender, Translations, address_lines, letter, pdf


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


def test_a_document_speaks_one_language() -> None:
    translations = Translations({"en": {"hello": "Hello", "bye": "Bye"}, "de": {"hello": "Hallo"}})
    assert (translations.spoken("de-AT"), translations.spoken("fi")) == ("de-AT", "en")
    assert translations.words("de-AT") == {"hello": "Hallo", "bye": "Bye"}


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (None, []),
        (
            {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"},
            ["Obere Str. 57", "12209 Berlin"],
        ),
        (
            {
                "lines": ["2817 Milton Dr."],
                "postal_code": "87110",
                "city": "Albuquerque",
                "region": "NM",
                "country": "US",
            },
            ["2817 Milton Dr.", "Albuquerque, NM 87110", "VEREINIGTE STAATEN"],
        ),
        ({"city": "Caracas", "region": "DF", "country": "VE"}, ["Caracas, DF", "VENEZUELA"]),
        ({"lines": ["Postlagernd"]}, ["Postlagernd"]),
    ],
)
def test_an_address_reads_as_its_country_writes_it(address: dict[str, object] | None, lines: list[str]) -> None:
    assert address_lines(address, Formats("de"), home="DE") == lines


def test_a_letter_has_head_window_table_and_sums_on_as_many_pages_as_it_needs() -> None:
    template = """
        #let data = json(bytes(sys.inputs.data))
        #show: body => letter(data, body)
        #listing(data.columns, data.rows)
        #sums(data.sums)
        #call-out(("Answer soon.",))
    """
    columns = [{"label": "What", "align": "left", "wide": True}, {"label": "How many", "align": "right", "wide": False}]
    rows = [{"heading": "Here"}, *({"cells": [f"Thing {number}", "1"]} for number in range(80))]
    head = letter(
        Formats("de-CH"), title="Offer", sender=Sender("Us", ["Here"]), recipient=["You"], facts=[("Day", "today")]
    )
    assert (head["language"], head["region"], head["page_label"]) == ("de", "CH", "Seite {page} von {pages}")
    made = pdf(template, {**head, "columns": columns, "rows": rows, "sums": [["Sum", "80"]]}, date(2026, 11, 22))
    assert made.count(b"/Type /Page\n") + made.count(b"/Type/Page/") >= 2
