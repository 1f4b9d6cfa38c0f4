"""What a group says about which record this is. The gateway makes the keys (`gateway.identity.normalise`)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Match:
    """The part that a group has in finding a record again. `scheme` names a key; `reads` what else it is made of."""

    part: Literal["strong", "medium", "name", "hint", "belongs_to", "country"]
    scheme: str = ""
    reads: tuple[str, ...] = ()


NAME = Match("name")
"""It is compared, never looked up."""

HINT = Match("hint")
"""Records of the same name are shown to a person."""

BELONGS_TO = Match("belongs_to")
"""Records that hang on different records are different."""

COUNTRY = Match("country")
"""Phone numbers are read as in its country."""


def strong(scheme: str, *reads: str) -> Match:
    """A key that belongs to one record only. Where two may contradict each other, the one that decides comes first."""
    return Match("strong", scheme, reads)


def medium(scheme: str) -> Match:
    """A key that several records may share: it links only with a similar name."""
    return Match("medium", scheme)
