"""Matching of a new record with a known one: the tiers of identity. Pure, and never transitive.

T1 links by a strong key. T2 links by the same e-mail or phone and a similar name. T3 is partial evidence: it is shown
to a person and creates a record of its own. T4 creates. Two different strong keys of one scheme (two German VAT
numbers) exclude every tier below T1. For a product the SKU takes precedence: the same GTIN under two SKUs is T3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from gateway.identity.likeness import likeness
from gateway.identity.normalise import MatchKeys, match_keys

__all__ = ["MARGIN", "SIMILAR", "Candidate", "Match", "MatchKeys", "Tier", "best_match", "match_keys"]

SIMILAR = 0.80
"""The minimum similarity of matching names.

Measured on the 91 companies and 91 contacts of Northwind (tests/identity/test_northwind.py): the similarity of two
different ones is at most 0.69; a name with one letter added, dropped, changed or swapped, its words in another order,
or other accents, capitals and legal form, is never below 0.83."""

MARGIN = 0.05
"""The minimum distance between the best and the second candidate; otherwise neither is linked."""


class Tier(StrEnum):
    STRONG = "T1"
    SIMILAR = "T2"
    REVIEW = "T3"
    NEW = "T4"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known record that has a key in common with the new one."""

    canonical_id: UUID
    keys: MatchKeys


@dataclass(frozen=True, slots=True)
class Match:
    """The result: link to `canonical_id`, or create a record when it is None.

    `score` is the similarity of the names. `reason` is a text for the decision log. `rivals` are the records that a
    person should compare.
    """

    canonical_id: UUID | None
    tier: Tier
    score: float
    reason: str
    rivals: tuple[UUID, ...] = ()

    @property
    def needs_review(self) -> bool:
        return self.tier is Tier.REVIEW


@dataclass(frozen=True, slots=True)
class _Evidence:
    """`second` marks a strong key of a scheme over which another one takes precedence."""

    tier: Tier
    score: float
    reason: str
    second: bool = False


_NOTHING = _Evidence(Tier.NEW, 0.0, "no known record has a key in common with it")


def best_match(keys: MatchKeys, candidates: Iterable[Candidate]) -> Match:
    """The known record that equals the new one; none if several match equally, which a person should check."""
    graded = sorted(
        ((_evidence(keys, candidate.keys), candidate) for candidate in candidates),
        key=lambda item: (item[0].tier, item[0].second, -item[0].score, item[1].canonical_id),
    )
    graded = [(evidence, candidate) for evidence, candidate in graded if evidence.tier is not Tier.NEW]
    if not graded:
        return Match(None, Tier.NEW, 0.0, _NOTHING.reason)
    evidence, best = graded[0]
    equals = [candidate.canonical_id for other, candidate in graded if _as_good(other, evidence)]
    if evidence.tier is Tier.REVIEW:
        return Match(None, Tier.REVIEW, evidence.score, evidence.reason, tuple(equals))
    if len(equals) > 1:
        reason = f"{evidence.reason}, but {len(equals)} records fit equally well"
        return Match(None, Tier.REVIEW, evidence.score, reason, tuple(equals))
    return Match(best.canonical_id, evidence.tier, evidence.score, evidence.reason)


def _as_good(other: _Evidence, best: _Evidence) -> bool:
    if (other.tier, other.second) != (best.tier, best.second):
        return (other.tier, other.second) < (best.tier, best.second)
    return other.score > best.score - MARGIN


def _evidence(one: MatchKeys, other: MatchKeys) -> _Evidence:
    alike = likeness(one.name, other.name)
    strong = _shared(one.strong, other.strong)
    if strong and (stronger := _outranked(strong, one, other)):
        reason = f"same {_in_words(strong)}, but {_in_words(stronger[0])} there and {_in_words(stronger[1])} here"
        return _Evidence(Tier.REVIEW, alike, reason)
    if strong:
        return _Evidence(Tier.STRONG, alike, f"same {_in_words(strong)}", second=_scheme(strong) in _DECISIVE)
    if _contradict(one, other):
        return _NOTHING
    medium = _shared(one.medium, other.medium)
    if not medium:
        return _same_name(one, other)
    reason = f"same {_in_words(medium)} and name {alike:.2f} alike"
    return _Evidence(Tier.SIMILAR if alike >= SIMILAR else Tier.REVIEW, alike, reason)


def _same_name(one: MatchKeys, other: MatchKeys) -> _Evidence:
    if not _shared(one.hints, other.hints):
        return _NOTHING
    return _Evidence(Tier.REVIEW, 1.0, f"same name {one.name!r}, and nothing else to tell by")


def _contradict(one: MatchKeys, other: MatchKeys) -> bool:
    """Different tax ids of one scheme, or different owning records."""
    if one.belongs_to and other.belongs_to and one.belongs_to != other.belongs_to:
        return True
    return bool({_scheme(key) for key in one.strong} & {_scheme(key) for key in other.strong})


def _shared(ones: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    return next((key for key in ones if key in others), None)


def _outranked(shared: str, one: MatchKeys, other: MatchKeys) -> tuple[str, str] | None:
    """The differing keys of the scheme that takes precedence over a shared one: (there, here)."""
    decisive = _DECISIVE.get(_scheme(shared))
    here = next((key for key in one.strong if _scheme(key) == decisive), None)
    there = next((key for key in other.strong if _scheme(key) == decisive), None)
    return (there, here) if here and there and here != there else None


def _scheme(strong: str) -> str:
    """`tax:DE` of `tax:DE:DE136695976`, `sku` of `sku:chai-1`."""
    family, _, rest = strong.partition(":")
    return f"{family}:{rest.partition(':')[0]}" if family.startswith("tax") else family


_DECISIVE = {"gtin": "sku"}
"""Scheme -> the scheme that takes precedence over it."""

_WORDS = {"tax": "tax id", "email": "e-mail", "phone": "phone", "sku": "SKU", "gtin": "GTIN", "payment": "reference"}


def _in_words(key: str) -> str:
    family, _, rest = key.partition(":")
    word = _WORDS.get(family.partition(".")[0], family)
    number = rest if family == "sku" else rest.rpartition(":")[2]
    return f"{word} {number}"
