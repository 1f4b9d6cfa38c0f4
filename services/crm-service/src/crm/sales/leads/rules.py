"""States of a lead, its score, and who gets it: rules as data. Pure."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from contracts.text import NameText
from contracts.values import CountryCode, Language, Value
from pydantic import ConfigDict, Field

Scored = Literal["company", "email", "phone", "country", "language", "source", "campaign", "interest"]
"""The fields that rules of the score may look at."""

MOST_RULES = 50


class LeadState(StrEnum):
    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    CONVERTED = "converted"


OPEN = (LeadState.NEW, LeadState.CONTACTED, LeadState.QUALIFIED)
_STATES: Mapping[str, Collection[LeadState]] = {
    "change": OPEN,
    "archive": tuple(LeadState),
    "contact": (LeadState.NEW,),
    "qualify": (LeadState.NEW, LeadState.CONTACTED),
    "disqualify": OPEN,
    "reopen": (LeadState.DISQUALIFIED,),
    "assign": OPEN,
    "convert": OPEN,
}
ALLOWED: Mapping[str, Collection[str]] = {
    state: tuple(verb for verb, states in _STATES.items() if state in states) for state in LeadState
}
"""The verbs for a lead in each state."""

AFTER: Mapping[str, LeadState] = {
    "contact": LeadState.CONTACTED,
    "qualify": LeadState.QUALIFIED,
    "disqualify": LeadState.DISQUALIFIED,
    "reopen": LeadState.NEW,
    "convert": LeadState.CONVERTED,
}
"""Verb -> the state that follows."""


class ScoreRule(Value):
    """`points` for a lead whose `field` has one of the values; without values, for a field that is filled."""

    field: Scored
    values: Annotated[tuple[NameText, ...], Field(max_length=100)] = ()
    points: Annotated[int, Field(strict=True, ge=-100, le=100)]


class AssignmentRule(Value):
    """Leads from these countries and in these languages go to one of these employees; no countries stand for all.

    `turn`: the one whose last lead is the oldest; `load`: the one with the fewest open leads.
    """

    countries: Annotated[tuple[CountryCode, ...], Field(max_length=250)] = ()
    languages: Annotated[tuple[Language, ...], Field(max_length=100)] = ()
    employee_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=50)]
    by: Literal["turn", "load"] = "turn"

    def takes(self, country: str | None, language: str | None) -> bool:
        """Whether a lead falls under this rule."""
        return (not self.countries or country in self.countries) and (not self.languages or language in self.languages)


class LeadRules(Value):
    """How leads are scored, and to whom a lead goes that nobody owns: by the first rule that takes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scoring": [
                        {"field": "company", "points": 15},
                        {"field": "source", "values": ["fair"], "points": 20},
                    ],
                    "disqualified_reasons": ["No budget", "Duplicate"],
                }
            ]
        }
    )

    scoring: Annotated[tuple[ScoreRule, ...], Field(max_length=MOST_RULES)] = ()
    assignment: Annotated[tuple[AssignmentRule, ...], Field(max_length=MOST_RULES)] = ()
    disqualified_reasons: Annotated[tuple[NameText, ...], Field(min_length=1, max_length=MOST_RULES)] = (
        "No interest",
        "No budget",
        "Not reachable",
        "Duplicate",
        "Spam",
    )


BUILT_IN = LeadRules(
    scoring=(
        ScoreRule(field="company", points=15),
        ScoreRule(field="email", points=15),
        ScoreRule(field="phone", points=15),
        ScoreRule(field="interest", points=20),
        ScoreRule(field="campaign", points=5),
    )
)
"""The rules of a tenant that has declared none."""


def points(rules: Iterable[ScoreRule], lead: Mapping[str, Any]) -> list[ScoreRule]:
    """The rules that give a lead its points; the score is their sum."""
    return [rule for rule in rules if _matches(rule, lead.get(rule.field))]


def _matches(rule: ScoreRule, value: Any) -> bool:
    if not rule.values:
        return bool(value)
    return str(value or "").casefold() in {each.casefold() for each in rule.values}
