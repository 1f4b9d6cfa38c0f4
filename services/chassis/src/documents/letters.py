"""The data of the shared template of a letter (`page.typ`): sender, recipient, subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documents.formats import Formats
from documents.translations import PAGES, primary

# In these countries the town precedes the code, on one line with the state.
_TOWN_FIRST = frozenset({"US", "CA", "AU", "NZ", "GB", "IE", "IN"})


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender: the name, the lines of the address, and lines for the foot of the page."""

    name: str
    lines: Sequence[str] = ()
    details: Sequence[str] = ()


def letter(
    formats: Formats,
    *,
    title: str,
    sender: Sender,
    recipient: Sequence[str],
    facts: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """The data of the function `letter` of `page.typ`. `facts` are (label, value), beside the address."""
    return {
        "language": primary(formats.language),
        "region": formats.locale.territory,
        "title": title,
        "page_label": PAGES.words(formats.language)["page"],
        "sender": {"name": sender.name, "lines": list(sender.lines), "details": list(sender.details)},
        "recipient": list(recipient),
        "facts": [list(fact) for fact in facts],
    }


def address_lines(address: Mapping[str, Any] | None, formats: Formats, home: str | None = None) -> list[str]:
    """The lines of a postal address; the country is included if it differs from the sender's."""
    if not address:
        return []
    code, city, region = (address.get(part) or "" for part in ("postal_code", "city", "region"))
    country = address.get("country")
    if country in _TOWN_FIRST:
        town = ", ".join(part for part in (city, f"{region} {code}".strip()) if part)
    else:
        town = f"{code} {city}".strip() + (f", {region}" if region else "")
    abroad = formats.country(country).upper() if country and country != home else ""
    return [line for line in (*(address.get("lines") or ()), town, abroad) if line]
