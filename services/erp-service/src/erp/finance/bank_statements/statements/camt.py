"""Bank statements as CAMT.053 of any version: parsed and validated, not stored."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # nosec: only the types; defusedxml does the parsing.

from contracts.receivable import Direction
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from localisation import Phrase

from erp.finance.bank_statements.statements.movements import (
    ReadLine,
    ReadStatement,
    iban_text,
    known_currency,
    plain_text,
    reference_text,
    unreadable,
    with_keys,
)

CAMT = "camt.053"
_DOCUMENT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:(?P<message>[a-z]+\.\d{3})\.\d{3}\.\d{2}\}Document")


def read_camt(content: bytes) -> list[ReadStatement]:
    """The statements of a CAMT.053 file without pending entries. Raises `StatementUnreadable`."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except ParseError as error:
        raise unreadable(Phrase("not XML: {error}", error=error)) from None
    except DefusedXmlException:
        raise unreadable("it declares a document type or entities: send it without them") from None
    except (LookupError, ValueError) as error:
        raise unreadable(Phrase("its encoding cannot be decoded: {error}", error=error)) from None
    found = _DOCUMENT.fullmatch(root.tag)
    if found is None or found["message"] != CAMT:
        what = found["message"] if found else f"an element {root.tag.rpartition('}')[2]!r}"
        raise unreadable(Phrase("this is {what}: send a camt.053, an account statement of booked entries", what=what))
    statements = [_statement(each) for each in _all(root, "BkToCstmrStmt/Stmt")]
    if not statements:
        raise unreadable("it contains no statement", "BkToCstmrStmt.Stmt")
    return statements


def _statement(node: Element) -> ReadStatement:
    name = _text(node, "Id")
    if name is None:
        raise unreadable("the statement has no id", "Stmt.Id")
    sequence = _text(node, "ElctrncSeqNb")
    iban = iban_text(_text(node, "Acct/Id/IBAN", "Acct/Id/Othr/Id"))
    where = f"Stmt {name}"
    if iban is None:
        raise unreadable("the statement does not name its account", f"{where}: Acct.Id.IBAN")
    opening, closing = _balance(node, "OPBD", where), _balance(node, "CLBD", where)
    lines = with_keys(
        line for n, entry in enumerate(_all(node, "Ntry"), 1) for line in _entry(entry, f"{where}: Ntry {n}")
    )
    return ReadStatement(
        identifier=f"{name}/{sequence}" if sequence else name,
        format=CAMT,
        iban=iban,
        lines=lines,
        opened_on=opening[0],
        opening_balance=opening[1],
        closed_on=closing[0],
        closing_balance=closing[1],
    )


def _balance(node: Element, code: str, where: str) -> tuple[date | None, Decimal | None]:
    for balance in _all(node, "Bal"):
        if _text(balance, "Tp/CdOrPrtry/Cd") == code:
            amount, _ = _amount(balance, f"{where}: Bal {code}")
            owed = _text(balance, "CdtDbtInd") == "DBIT"
            return _day(balance, "Dt", f"{where}: Bal {code}"), -amount if owed else amount
    return None, None


def _entry(node: Element, where: str) -> Iterator[ReadLine]:
    """An entry is one movement, unless its details list movements that add up to it."""
    if (_text(node, "Sts/Cd", "Sts") or "BOOK") != "BOOK":
        return
    amount, currency = _amount(node, where)
    booked_on = _day(node, "BookgDt", where) or _day(node, "ValDt", where)
    if booked_on is None:
        raise unreadable("the entry has no booking date", f"{where}: BookgDt")
    match _text(node, "CdtDbtInd"):
        case "CRDT":
            direction, party = Direction.IN, "Dbtr"
        case "DBIT":
            direction, party = Direction.OUT, "Cdtr"
        case other:
            raise unreadable(Phrase("{other!r} is neither CRDT nor DBIT", other=other), f"{where}: CdtDbtInd")
    details = _all(node, "NtryDtls/TxDtls")
    parts = [_part(each, where) for each in details] if len(details) > 1 else []
    if not parts or sum((part for part, _ in parts), Decimal(0)) != amount or {c for _, c in parts} != {currency}:
        parts, details = [(amount, currency)], [_merged(details) if details else node]
    for detail, (part, _) in zip(details, parts, strict=True):
        if part:
            yield ReadLine(booked_on, direction, part, currency, **_what(node, detail, party, len(parts) == 1))


def _part(detail: Element, where: str) -> tuple[Decimal, str | None]:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = detail.find(_path(path))
        if found is not None:
            return _decimal(found.text, where), found.get("Ccy")
    return Decimal(0), None


def _merged(details: Sequence[Element]) -> Element:
    """The details of an entry that cannot be separated, as one movement."""
    merged = Element(details[0].tag)
    for detail in details:
        merged.extend(list(detail))
    return merged


def _what(entry: Element, detail: Element, party: str, alone: bool) -> dict[str, Any]:
    parties = f"RltdPties/{party}"
    said = [*_texts(detail, "RmtInf/Ustrd"), *_texts(detail, "RmtInf/Strd/CdtrRefInf/Ref")]
    said += _texts(detail, "RmtInf/Strd/RfrdDocInf/Nb")
    if not said:
        said = [*_texts(detail, "AddtlTxInf"), *(_texts(entry, "AddtlNtryInf") if alone else [])]
    own = reference_text(_text(detail, "Refs/AcctSvcrRef"))
    return {
        "bank_reference": own or (reference_text(_text(entry, "AcctSvcrRef")) if alone else None),
        "end_to_end_id": reference_text(_text(detail, "Refs/EndToEndId")),
        "counterparty_name": plain_text(_text(detail, f"{parties}/Pty/Nm", f"{parties}/Nm"), "name"),
        "counterparty_iban": iban_text(_text(detail, f"{parties}Acct/Id/IBAN")),
        "remittance": plain_text(" ".join(dict.fromkeys(said)), "remittance") or "",
    }


def _amount(node: Element, where: str) -> tuple[Decimal, str]:
    found = node.find(_path("Amt"))
    if found is None:
        raise unreadable("there is no amount", f"{where}: Amt")
    return _decimal(found.text, where), known_currency(found.get("Ccy"), f"{where}: Amt")


def _decimal(text: str | None, where: str) -> Decimal:
    try:
        amount = Decimal((text or "").strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount >= Decimal(10) ** 15 or amount != round(amount, 4):
        raise unreadable(Phrase("{text!r} is not an amount", text=text), f"{where}: Amt")
    return amount


def _day(node: Element, name: str, where: str) -> date | None:
    text = _text(node, f"{name}/Dt", f"{name}/DtTm")
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise unreadable(Phrase("{text!r} is not a date", text=text), f"{where}: {name}") from None


def _path(names: str) -> str:
    """A path, independent of the version's namespace."""
    return "/".join(f"{{*}}{name}" for name in names.split("/"))


def _all(node: Element, path: str) -> list[Element]:
    return node.findall(_path(path))


def _texts(node: Element, path: str) -> list[str]:
    return [text for each in _all(node, path) if (text := (each.text or "").strip())]


def _text(node: Element, *paths: str) -> str | None:
    return next((text for path in paths for text in _texts(node, path)), None)
