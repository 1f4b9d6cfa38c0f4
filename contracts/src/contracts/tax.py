"""Tax numbers: validated and normalised per country. Source of the rules: python-stdnum."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from contracts.countries import is_country_code

# The kinds of numbers by which a tax office of the country identifies a business or a person, the usual one first. A
# country that is not listed has the one that python-stdnum calls its VAT number, if any.
_KINDS: dict[str, tuple[str, ...]] = {
    "AT": ("uid", "tin"),
    "AU": ("abn", "tfn"),
    "BE": ("vat", "nn"),
    "BR": ("cnpj", "cpf"),
    "CA": ("bn", "sin"),
    "CH": ("uid", "vat"),
    "DE": ("vat", "stnr", "idnr"),
    "DK": ("cvr", "cpr"),
    "EE": ("kmkr", "registrikood"),
    "FI": ("alv", "ytunnus", "hetu"),
    "FR": ("siren", "tva", "siret", "nif"),
    "GB": ("vat", "utr"),
    "IE": ("vat", "pps"),
    "IN": ("gstin", "pan"),
    "IT": ("iva", "codicefiscale"),
    "JP": ("cn", "in_"),
    "KR": ("brn", "rrn"),
    "LT": ("pvm", "asmens"),
    "NL": ("btw", "bsn"),
    "NO": ("orgnr", "mva", "fodselsnummer"),
    "PL": ("nip", "pesel"),
    "SE": ("orgnr", "vat", "personnummer"),
    "TR": ("vkn", "tckimlik"),
    "UA": ("edrpou", "rntrc"),
    "US": ("tin",),
    "ZA": ("tin",),
    "MD": ("idno",),
}

# One number with several notations: (country, kind) -> (basic kind, function that reduces it to that).
_CONTAINS: dict[tuple[str, str], tuple[str, Callable[[str], str]]] = {
    ("CH", "vat"): ("uid", lambda number: number[:12]),  # CHE123456789 + MWST, TVA or IVA
    ("FI", "ytunnus"): ("alv", lambda number: number),
    ("FR", "tva"): ("siren", lambda number: number[2:]),  # two check digits + SIREN
    ("FR", "siret"): ("siren", lambda number: number[:9]),  # SIREN + number of the branch
    ("NO", "mva"): ("orgnr", lambda number: number[:9]),  # number + MVA
    ("SE", "vat"): ("orgnr", lambda number: number[:10]),  # number + 01
}


@dataclass(frozen=True, slots=True)
class TaxNumber:
    """A normalised tax number. Numbers of different kinds cannot be compared."""

    country: str
    kind: str
    number: str

    @property
    def is_usual(self) -> bool:
        """True when it is of the kind that businesses of its country usually state."""
        return self.kind == _kinds(self.country)[0]

    @property
    def key(self) -> str:
        """Equal for equal numbers only: DE136695976, or DE.stnr.18181508155 for one of another kind."""
        if self.is_usual:
            return self.number if self.number.startswith(self.country) else self.country + self.number
        return f"{self.country}.{self.kind}.{self.number}"


def tax_rules_known(country: str) -> bool:
    """True when numbers of this country can be validated."""
    return bool(_checkers(country))


def tax_number(tax_id: str, country: str) -> TaxNumber | None:
    """The normalised number, or None when it is valid in no kind of its country.

    For a country without known rules any number of 3 to 32 letters and digits is accepted unchanged.
    """
    checkers = _checkers(country)
    if not checkers:
        number = re.sub(r"[\W_]", "", tax_id).upper()
        return TaxNumber(country, "tax", number) if 3 <= len(number) <= 32 else None
    for kind, checker in checkers:
        try:
            number = str(checker.validate(tax_id))
        except ValidationError:
            continue
        heart, cut = _CONTAINS.get((country, kind), (kind, str))
        return TaxNumber(country, heart, cut(number))
    return None


def _kinds(country: str) -> tuple[str, ...]:
    return tuple(kind for kind, _ in _checkers(country)) or ("tax",)


def _checkers(country: str) -> tuple[tuple[str, Any], ...]:
    return _checkers_of(country) if is_country_code(country) else ()


@cache
def _checkers_of(country: str) -> tuple[tuple[str, Any], ...]:
    found = ((kind, get_cc_module(country, kind)) for kind in _KINDS.get(country, ("vat",)))
    return tuple((kind, module) for kind, module in found if module is not None)
