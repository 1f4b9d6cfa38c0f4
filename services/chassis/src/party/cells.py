"""Parses the cells of a file as a customer."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from chassis.errors import Malformed
from contracts.countries import country_code
from localisation import Phrase


def _country(cell: str) -> str:
    """The code of a country that is written as a code or a name. Raises `Malformed`."""
    code = country_code(cell)
    if code is None:
        message = Phrase("{cell!r} is not a country: write its name or its ISO 3166-1 code, for example DE", cell=cell)
        raise Malformed(errors=[{"field": "country", "message": message}])
    return code


def _tags(cell: str) -> list[str]:
    return [tag for tag in re.split(r"\s*[,;|]\s*", cell) if tag]


CELLS: Mapping[str, Callable[[str], Any]] = {
    "billing_address.lines": str.splitlines,
    "billing_address.country": _country,
    "shipping_address.lines": str.splitlines,
    "shipping_address.country": _country,
    "legal_entities.country": _country,
    "tags": _tags,
}
