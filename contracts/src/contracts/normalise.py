"""Normalised forms of values, used as keys for comparison. Callers keep the original text."""

import re
import unicodedata
import uuid
from functools import lru_cache

import phonenumbers
import uuid_utils.compat
from phonenumbers import PhoneNumberFormat, ValidationResult

from contracts.legal_forms import LEGAL_FORMS, LONGEST_FORM
from contracts.tax import tax_number

LEGAL_ENTITY_NAMESPACE = uuid.UUID("9e6d1f64-0c3b-5d0e-8d57-6f1f0b1f4f8a")
"""Namespace of the ids of legal entities; it must never change, because both systems compute them."""

# Letters that Unicode does not decompose into a letter and an accent.
_PLAIN_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"})
_APOSTROPHES = re.compile(r"['`\u00b4\u2018\u2019\u02bc]")
_DOTS_OF_ABBREVIATIONS = re.compile(r"(?<=\b\w)\.(?=\w\b)|(?<=\w)\.(?=\s|$|,)")
_NOT_A_WORD = re.compile(r"[\W_]+")
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")
_GTIN_DIGITS = 14

REMEMBERED = 4096
"""Keys of names are asked for several times while one record is stored and matched."""


def phone_e164(raw: str, country: str | None) -> str | None:
    """The number in E.164 (+49300074321), or None when it cannot be derived.

    `country` (ISO 3166-1) is used for a number without a country prefix. A number is accepted when its length is
    possible in its country, not only when its prefix is in use today: numbering plans change, customers keep old
    numbers, and a key only has to be the same in both systems. None without a country, and for a number that is too
    short, too long, or without its area code.
    """
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def phone_digits(raw: str) -> str:
    """The key of a number without an E.164 form: its digits ("(5) 555-4729" gives 55554729)."""
    return "".join(character for character in raw if character.isdecimal())


def email_key(raw: str) -> str | None:
    """The address in lower case and NFKC, or None when the text contains none.

    The part before @ is case sensitive by RFC 5321, but in no common mail system.
    """
    key = unicodedata.normalize("NFKC", raw).strip().casefold()
    local, at, domain = key.rpartition("@")
    return f"{local}@{domain.rstrip('.')}" if local and at and domain else None


def tax_id_key(tax_id: str, country: str) -> str | None:
    """The tax id in the normalised form of its country (DE136695976), or None when it is not valid there."""
    number = tax_number(tax_id, country)
    return number.key if number else None


def legal_entity_id(country: str | None, tax_id: str | None) -> uuid.UUID:
    """The id of a legal entity: the same in every system when there is a tax id, else a new UUIDv7."""
    key = tax_id_key(tax_id, country) if country and tax_id else None
    if key is None:
        return uuid_utils.compat.uuid7()
    return uuid.uuid5(LEGAL_ENTITY_NAMESPACE, f"{country}:{key}")


def sku_key(raw: str) -> str:
    """The normalised form of a SKU, without letter case, width and doubled spaces ("Nw 1" equals "nw 1")."""
    return _folded(raw, space=" ")


def gtin_key(raw: str) -> str:
    """The normalised form of a GTIN: 14 digits, padded with zeros on the left, without separators."""
    return _BETWEEN_DIGITS.sub("", raw).rjust(_GTIN_DIGITS, "0")


def reference_key(raw: str) -> str:
    """The normalised form of a payment's reference, without letter case, width and spaces (banks print it in
    groups)."""
    return _folded(raw, space="")


@lru_cache(maxsize=REMEMBERED)
def name_key(raw: str) -> str:
    """The words of a name: NFKC, case folded, without accents and punctuation.

    "ÅNGSTRÖM, A.B." becomes "angstrom ab".
    """
    text = unicodedata.normalize("NFKC", raw).casefold()
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = _APOSTROPHES.sub("", text.translate(_PLAIN_LETTERS))
    text = _DOTS_OF_ABBREVIATIONS.sub("", text)
    return _NOT_A_WORD.sub(" ", text).strip()


@lru_cache(maxsize=REMEMBERED)
def company_name_key(raw: str) -> str:
    """The words of a company's name without its legal form ("Franchi S.p.A." -> "franchi").

    A name that consists of legal forms only keeps them, so the key is never empty.
    """
    words = name_key(raw).split()
    while (length := _legal_form_at_end(words)) and length < len(words):
        del words[-length:]
    return " ".join(words)


def _folded(raw: str, space: str) -> str:
    """Case folded, without width, with words joined by `space`. NFC comes last, because the other steps decompose
    letters."""
    words = unicodedata.normalize("NFKC", raw).split()
    return unicodedata.normalize("NFKC", space.join(words).casefold())


def _legal_form_at_end(words: list[str]) -> int:
    lengths = range(min(LONGEST_FORM, len(words)), 0, -1)
    return next((length for length in lengths if tuple(words[-length:]) in LEGAL_FORMS), 0)
