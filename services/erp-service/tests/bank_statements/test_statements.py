"""What banks send is read: CAMT.053 of any version, and CSV of any bank; without a database."""

from datetime import date
from decimal import Decimal

import pytest
from contracts.receivable import Direction
from erp.finance.bank_statements.statements.camt import read_camt
from erp.finance.bank_statements.statements.delimited import Layout, read_csv
from erp.finance.bank_statements.statements.movements import ReadLine, ReadStatement, StatementUnreadable

from ..payments.factories import DAY, IBAN
from .factories import THEIR_IBAN, camt, csv, entry

EUR = Layout("EUR")


def one(content: bytes) -> ReadStatement:
    (statement,) = read_camt(content)
    return statement


def line(content: bytes) -> ReadLine:
    (found,) = one(content).lines
    return found


def refused(content: bytes, layout: Layout | None = None) -> str:
    with pytest.raises(StatementUnreadable) as raised:
        _ = read_camt(content) if layout is None else read_csv(content, layout)
    (error,) = raised.value.document()["errors"]
    return f"{error['field']}: {error['message']}"


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_every_version_of_the_message_is_read(version: str) -> None:
    found = one(camt(entry(text="INV-2026-000001", reference="E2E-1", bank="B-1"), version=version))
    assert (found.identifier, found.iban, found.format) == ("STMT-1/7", IBAN, "camt.053")
    assert (found.opened_on, found.opening_balance) == (date(2026, 11, 1), Decimal(-10))
    assert (found.closed_on, found.closing_balance) == (date(2026, 11, 2), Decimal(109))
    (movement,) = found.lines
    assert (movement.booked_on, movement.direction, movement.amount) == (DAY, Direction.IN, Decimal(119))
    assert (movement.end_to_end_id, movement.bank_reference) == ("E2E-1", "B-1")
    assert (movement.counterparty_name, movement.counterparty_iban) == ("Alfreds Futterkiste GmbH", THEIR_IBAN)
    assert movement.remittance == "INV-2026-000001"


def test_the_newer_place_of_names_and_states_is_known() -> None:
    newer = entry(party="<{who}><Pty><Nm>{name}</Nm></Pty></{who}>", status="<Sts><Cd>BOOK</Cd></Sts>")
    assert line(camt(newer)).counterparty_name == "Alfreds Futterkiste GmbH"


def test_money_that_left_names_who_got_it() -> None:
    found = line(camt(entry(indicator="DBIT", name="Landlord")))
    assert (found.direction, found.counterparty_name) == (Direction.OUT, "Landlord")


def test_no_reference_is_none() -> None:
    found = line(camt(entry(bank="NONREF")))
    assert (found.end_to_end_id, found.bank_reference) == (None, None)


def test_pending_entries_are_left_out() -> None:
    pending = [entry(status="<Sts>PDNG</Sts>"), entry(status="<Sts><Cd>PDNG</Cd></Sts>")]
    assert one(camt(*pending)).lines == []


def batch(first: str, second: str) -> str:
    """An entry of several movements, whose amounts stand with its details."""
    details = "".join(
        f'<TxDtls><Refs><EndToEndId>E2E-{n}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt></TxDtls>'
        for n, amount in enumerate((first, second), 1)
    )
    return f"""<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
        <BookgDt><DtTm>2026-11-02T10:00:00+01:00</DtTm></BookgDt><AcctSvcrRef>B-1</AcctSvcrRef>
        <NtryDtls>{details}</NtryDtls></Ntry>"""


def test_an_entry_is_taken_apart_when_its_details_add_up() -> None:
    found = one(camt(batch("10.00", "20.00"))).lines
    assert [(each.amount, each.end_to_end_id) for each in found] == [(Decimal(10), "E2E-1"), (Decimal(20), "E2E-2")]
    assert len({each.key for each in found}) == 2


def test_an_entry_whose_details_do_not_add_up_is_one_movement() -> None:
    assert [each.amount for each in one(camt(batch("10.00", "19.00"))).lines] == [30]


def test_the_same_movement_has_the_same_key_in_every_statement_and_twins_are_counted() -> None:
    first = one(camt(entry(bank="B-1"), entry(text="rent"), entry(text="rent"))).lines
    again = one(camt(entry(text="rent"), entry(bank="B-1", text="told otherwise"), identifier="STMT-2")).lines
    assert len({each.key for each in first}) == 3
    assert {each.key for each in again} < {each.key for each in first}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not XML"),
        (b"<Document>", "not XML"),
        (b"\xff\xfe\x00", "not XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        (b"<Document/>", "an element 'Document'"),
        (camt(message="camt.054"), "this is camt.054: send a camt.053"),
        (b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>', "document type or entities"),
        (camt(iban=""), "does not name its account"),
        (camt(identifier=""), "the statement has no id"),
        (camt(entry(currency="XXX")), "Stmt STMT-1: Ntry 1: Amt: 'XXX' is not a currency"),
        (camt(entry(), entry(amount="ten")), "Stmt STMT-1: Ntry 2: Amt: 'ten' is not an amount"),
        (camt(entry(amount="1E400")), "is not an amount"),
        (camt(entry(indicator="BOTH")), "neither CRDT nor DBIT"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, reason: str) -> None:
    assert reason in refused(content)


def test_text_of_a_bank_is_made_storable() -> None:
    found = line(camt(entry(text=f"  two\n lines\u202e {'x' * 3000}")))
    assert found.remittance.startswith("two lines xxx")
    assert len(found.remittance) == 2000


def test_a_csv_with_our_names_is_read_as_it_is() -> None:
    found = read_csv(csv(["2026-11-02,119.00,E2E-1,Alfreds,INV-1", "2026-11-03,-5,,Bank,fee"]), EUR)
    first, second = found.lines
    assert (first.booked_on, first.direction, first.amount, first.currency) == (DAY, Direction.IN, Decimal(119), "EUR")
    assert (first.end_to_end_id, first.counterparty_name, first.remittance) == ("E2E-1", "Alfreds", "INV-1")
    assert (second.direction, second.amount) == (Direction.OUT, Decimal(5))
    assert (found.opened_on, found.closed_on) == (DAY, date(2026, 11, 3))


def test_a_quote_or_a_line_break_inside_a_cell_moves_nothing_into_another() -> None:
    found = read_csv(csv(['2026-11-02,119.00,E2E-1,"Alfreds ""AF"", Berlin",INV-1\f\u2028INV-2']), EUR)
    [line] = found.lines
    assert (line.counterparty_name, line.remittance) == ('Alfreds "AF", Berlin', "INV-1 INV-2")


def test_a_csv_of_a_bank_is_read_by_its_declared_columns() -> None:
    columns = "Tag=booked_on,Betrag=amount,Zweck 1=remittance,Zweck 2=remittance,Waehrung=currency"
    layout = Layout("EUR", columns, "%d.%m.%Y", decimal_comma=True)
    header = "Tag;Betrag;Zweck 1;Zweck 2;Waehrung;Saldo"
    found = read_csv(
        csv(["02.11.2026;1.190,00;Rechnung;INV-1;usd;5,00", "02.11.2026;1,50-;;;;", ";;;;;"], header), layout
    )
    assert [(each.amount, each.direction, each.remittance, each.currency) for each in found.lines] == [
        (Decimal("1190.00"), Direction.IN, "Rechnung INV-1", "USD"),
        (Decimal("1.50"), Direction.OUT, "", "EUR"),
    ]


@pytest.mark.parametrize(
    ("content", "columns", "reason"),
    [
        (b"\xff", None, "not UTF-8 (byte 0)"),
        (b"", None, "no column fills booked_on, amount"),
        (b"a,b\n1,2", "a=booked_on,c=amount", "there is no column 'c'; the file has: a, b"),
        (b"a,b\n1,2", "a=booked_on,b=money", "there is no field 'money'"),
        (b"booked_on,amount\nyesterday,1", None, "line 2: booked_on: 'yesterday' is not a date written as %Y-%m-%d"),
        (b"booked_on,amount\n2026-11-02,", None, "line 2: amount: '' is not an amount"),
        (b"booked_on,amount\n2026-11-02,nan", None, "line 2: amount: 'nan' is not an amount"),
        (b"booked_on,amount,currency\n2026-11-02,1,ABC", None, "line 2: currency: 'ABC' is not a currency"),
    ],
)
def test_a_csv_that_makes_no_sense_is_refused_with_its_place(content: bytes, columns: str | None, reason: str) -> None:
    assert reason in refused(content, Layout("EUR", columns))


def test_the_same_bytes_are_the_same_statement() -> None:
    rows = ["2026-11-02,1,,,"]
    assert read_csv(csv(rows), EUR).identifier == read_csv(csv(rows), EUR).identifier
    assert read_csv(csv(rows), EUR).identifier != read_csv(csv(rows * 2), EUR).identifier
