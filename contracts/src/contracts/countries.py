"""Countries: ISO 3166-1 codes, and other names of countries in common use.

Source: pycountry, which contains Debian's iso-codes.
"""

import gettext
import unicodedata
from functools import cache
from typing import Any

import pycountry

# Not an ISO code, but one that ISO reserves for users; the European Commission, banks and phone numbering plans use it
# for Kosovo.
_USER_ASSIGNED = frozenset({"XK"})

# Languages in which a country may be named: those of the countries from which most files come.
_LANGUAGES = ("da", "de", "es", "fi", "fr", "it", "nb", "nl", "pl", "pt", "pt_BR", "sv")

# Names in common use that the ISO lists do not contain.
_DAILY_NAMES = {
    "america": "US",
    "bolivia": "BO",
    "britain": "GB",
    "brunei": "BN",
    "cape verde": "CV",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "iran": "IR",
    "ivory coast": "CI",
    "kosovo": "XK",
    "laos": "LA",
    "macedonia": "MK",
    "moldova": "MD",
    "northern ireland": "GB",
    "palestine": "PS",
    "russia": "RU",
    "scotland": "GB",
    "swaziland": "SZ",
    "syria": "SY",
    "taiwan": "TW",
    "tanzania": "TZ",
    "the netherlands": "NL",
    "turkey": "TR",
    "uae": "AE",
    "uk": "GB",
    "u.k.": "GB",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "vatican": "VA",
    "wales": "GB",
}


@cache
def country_codes() -> frozenset[str]:
    """Every code that a record may have."""
    return frozenset(country.alpha_2 for country in pycountry.countries) | _USER_ASSIGNED


def is_country_code(code: str) -> bool:
    """True for an ISO 3166-1 alpha-2 code in capitals."""
    return code in country_codes()


def country_code(text: str) -> str | None:
    """The code of a country that is written as a code or a name in one of a dozen languages, or None.

    For imported files ("Germany", "UK", "Deutschland", "VEN"); the API accepts codes only.
    """
    return _codes_by_name().get(_folded(text))


@cache
def _codes_by_name() -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for country in pycountry.countries:
        for name in _names(country):
            owners.setdefault(_folded(name), set()).add(country.alpha_2)
    # A name that two countries share in some language is ambiguous and is not accepted.
    codes = {name: min(found) for name, found in owners.items() if len(found) == 1}
    codes |= _DAILY_NAMES
    for country in pycountry.countries:
        codes |= {country.alpha_2.casefold(): country.alpha_2, country.alpha_3.casefold(): country.alpha_2}
    return codes | {code.casefold(): code for code in _USER_ASSIGNED}


def _names(country: Any) -> set[str]:
    fields = (getattr(country, field, None) for field in ("name", "common_name", "official_name"))
    english = {name for name in fields if name}
    return english | {catalogue.gettext(name) for catalogue in _catalogues() for name in english}


@cache
def _catalogues() -> list[gettext.NullTranslations]:
    return [gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language]) for language in _LANGUAGES]


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
