"""Single values of the published language: e-mail, phone, website, language, currency, tag, money."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Context, Decimal
from functools import lru_cache
from typing import Annotated, Any

import iso4217
from email_validator import EmailNotValidError, validate_email
from localisation import Phrase
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from contracts.countries import is_country_code
from contracts.text import one_line, refuse


class Value(BaseModel):
    """A value of one group: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")


@lru_cache(maxsize=4096)
def _is_plain_domain(domain: str) -> bool:
    """Whether an ASCII domain may be that of an address. Many addresses share theirs."""
    try:
        validate_email(f"a@{domain}", check_deliverability=False)
    except EmailNotValidError:
        return False
    return domain.isascii()


def _email(text: str) -> str:
    local, _, domain = text.rpartition("@")
    plain = len(local) <= 64 and len(text) <= 254 and _PLAIN_LOCAL_PART.fullmatch(local)
    if plain and _is_plain_domain(domain):
        return text
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise refuse("email", Phrase("{text!r} is not an e-mail address: {error}", text=text, error=error)) from error
    return text


def _phone(text: str) -> str:
    if sum(character.isdigit() for character in text) < 3:
        raise refuse("phone", Phrase("{text!r} is not a phone number: it needs at least three digits", text=text))
    return text


_WEBSITE = re.compile(r"(https?://)?[^\s/:@?#<>\"'\\]+\.[^\s/:@?#<>\"'\\.]{2,}(:\d{1,5})?([/?#][^\s<>\"\\]*)?", re.I)


def _website(text: str) -> str:
    if not _WEBSITE.fullmatch(text):
        raise refuse(
            "website",
            Phrase("{text!r} is not a web address: write it as example.com or https://example.com/page", text=text),
        )
    return text


_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.I)


def _language(text: str) -> str:
    found = _LANGUAGE.fullmatch(text.replace("_", "-"))
    if not found:
        raise refuse("language", Phrase("{text!r} is not a language tag: write it as de or de-AT (BCP 47)", text=text))
    language, script, region = found.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


# Codes without a minor unit are not currencies for payments: gold, test codes, "no currency".
CURRENCY_EXPONENTS: dict[str, int] = {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}
"""Digits after the decimal point of each currency, as ISO 4217 lists them (EUR 2, JPY 0, KWD 3)."""


def _currency(text: str) -> str:
    code = text.upper()
    if code not in CURRENCY_EXPONENTS:
        raise refuse(
            "currency", Phrase("{text!r} is not a currency: write its ISO 4217 code, for example EUR", text=text)
        )
    return code


def _country(text: str) -> str:
    code = text.upper()
    if not is_country_code(code):
        raise refuse(
            "country",
            Phrase("{text!r} is not a country: write its ISO 3166-1 code of two letters, for example DE", text=text),
        )
    return code


def _read_by(digits: int, *, as_written: bool = False) -> Callable[[Any], Decimal]:
    """Reads a number with at most so many digits before the decimal point; `as_written` keeps zeros at a text's end."""
    pattern = re.compile(rf"-?[0-9]{{1,{digits}}}(\.[0-9]{{1,4}})?")

    def read(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise refuse("money", 'an amount is written as a string, for example "1250.50"')
        text = _plain(value)
        if not pattern.fullmatch(text):
            raise refuse(
                "money",
                Phrase('not an amount: at most {digits} digits and 4 decimals, for example "1250.50"', digits=digits),
            )
        exact = Decimal(text) + 0  # The addition turns -0 into 0.
        decimals = len(value.strip().partition(".")[2]) if as_written and isinstance(value, str) else 0
        return exact.quantize(Decimal(1).scaleb(-min(decimals, 4))) if decimals else exact

    return read


_LONGEST = 64


def _plain(value: int | str | Decimal) -> str:
    if isinstance(value, Decimal):
        # An exponent out of range would be expanded to millions of zeros.
        text = format(value, "f") if value.is_finite() and abs(value.adjusted()) < _LONGEST else "too large"
    elif isinstance(value, int):
        text = str(value) if abs(value) < 10**_LONGEST else "too large"
    else:
        text = value.strip()
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_currency(amount: Decimal, currency: str, field: str | None = None) -> Decimal:
    """The amount with as many decimals as the currency has.

    Never rounds: raises the pydantic error `money` when the amount has more decimals.
    """
    exponent = CURRENCY_EXPONENTS[currency]
    exact = amount.quantize(Decimal(1).scaleb(-exponent), context=Context(prec=_LONGEST))
    if exact != amount:
        raise refuse(
            "money",
            Phrase(
                "{amount} has more decimals than {currency} has ({exponent})",
                amount=amount,
                currency=currency,
                exponent=exponent,
            ),
            field,
        )
    return exact


EmailText = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_email), BeforeValidator(one_line)]
"""An e-mail address as entered; its form is validated, not its existence."""

PhoneText = Annotated[str, Field(min_length=3, max_length=64), AfterValidator(_phone), BeforeValidator(one_line)]
"""A phone number as entered, with extensions and words."""

Website = Annotated[str, Field(min_length=4, max_length=500), AfterValidator(_website), BeforeValidator(one_line)]
"""A host with or without http(s); no other scheme, because pages show it as a link."""

Language = Annotated[str, Field(min_length=2, max_length=11), AfterValidator(_language), BeforeValidator(one_line)]
"""A BCP 47 tag of language, script and region, in its usual letter case."""

CurrencyCode = Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_currency), BeforeValidator(one_line)]
"""An ISO 4217 code of a currency that is in use, in capitals."""

CountryCode = Annotated[str, Field(min_length=2, max_length=2), AfterValidator(_country), BeforeValidator(one_line)]
"""An ISO 3166-1 alpha-2 code in capitals."""

Tag = Annotated[str, Field(min_length=1, max_length=50), BeforeValidator(one_line)]
"""A tag as entered; letter case is significant."""


SHORTEST = PlainSerializer(lambda number: format(number.normalize(), "f"), return_type=str, when_used="json")


def exact(unit: str) -> BeforeValidator:
    """Floats are refused because they are not exact."""

    def read(value: Any) -> Any:
        if isinstance(value, float):
            raise refuse(unit, Phrase('write {unit} as a string, for example "7.5"', unit=unit))
        return value

    return BeforeValidator(read)


def short(digits: int) -> WithJsonSchema:
    """A text with so many digits and at most two decimals."""
    return WithJsonSchema({"type": "string", "pattern": rf"^\d{{1,{digits}}}(\.\d{{1,2}})?$"})


class Monetary:
    """Marks a decimal number as an amount of money, written with its currency's decimals (`contracts.decimals`)."""


_AS_TEXT = PlainSerializer(lambda amount: format(amount, "f"), return_type=str, when_used="json")

Number = Annotated[
    Decimal,
    BeforeValidator(_read_by(15)),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$"}),
]
"""An exact decimal number, a string in JSON; floats are refused because they are not exact."""

NumberSum = Annotated[
    Decimal,
    BeforeValidator(_read_by(24)),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,24}(\.\d{1,4})?$"}),
]
"""An exact sum over many records: it may have more digits than any one of them."""

Money = Annotated[
    Decimal,
    BeforeValidator(_read_by(15, as_written=True)),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$"}),
    Monetary(),
]
"""An amount of money; a text keeps the decimals that it is written with."""

Sum = Annotated[
    Decimal,
    BeforeValidator(_read_by(24, as_written=True)),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,24}(\.\d{1,4})?$"}),
    Monetary(),
]
"""A sum of money over many records."""

Amount = Annotated[
    Decimal,
    _AS_TEXT,
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}, mode="serialization"),
    Monetary(),
]
"""An amount of money of an answer; nothing is checked, so it can always be read."""


def _storable(value: datetime) -> datetime:
    if not 1 < value.year < 9999:
        raise refuse("moment", "the year must be from 2 to 9998")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_storable)]
"""A time in years that every time zone can show, and that the driver of PostgreSQL does not store as infinity."""
