"""How a group identifies its record. The gateway computes the keys (`gateway.identity.normalise`)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Match:
    """The role of a group in matching records. `scheme` names a key; `reads` names other groups that the key needs."""

    part: Literal["strong", "medium", "name", "hint", "belongs_to", "country"]
    scheme: str = ""
    reads: tuple[str, ...] = ()


NAME = Match("name")
"""Compared for similarity, never used as a lookup key."""

HINT = Match("hint")
"""Records with the same name are suggested to a person as duplicates."""

BELONGS_TO = Match("belongs_to")
"""Records that belong to different records are different."""

COUNTRY = Match("country")
"""Its country is used to parse phone numbers."""


def strong(scheme: str, *reads: str) -> Match:
    """A key that belongs to one record only. Schemes are listed in order of precedence, for keys that contradict each
    other."""
    return Match("strong", scheme, reads)


def medium(scheme: str) -> Match:
    """A key that several records may share: it links only with a similar name."""
    return Match("medium", scheme)
