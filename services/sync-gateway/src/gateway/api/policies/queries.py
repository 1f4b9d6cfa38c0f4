"""The policies in force, derived from the code, and past conflicts under another policy."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from chassis.errors import Malformed, NotFound
from localisation import Phrase
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.api.decisions.queries import of_group
from gateway.api.policies.schemas import (
    ChosenPolicyOut,
    GroupPolicyOut,
    InvariantOut,
    KindPoliciesOut,
    OutcomeOut,
    PhaseOut,
    SimulatedOut,
    Simulation,
    SimulationOut,
    VersionOut,
)
from gateway.kinds import KINDS, GroupSpec, KindSpec, group_spec, kind_spec
from gateway.merge.policy import Policy, Verdict, same, simulate
from gateway.merge.register import Entry
from gateway.resolve.policies import named
from gateway.store.decisions import DecisionRow
from gateway.store.policies import BUILT_IN, Policies, current, versions
from gateway.store.systems import all_systems

MEANINGS = {
    "newest": "The newest edit wins; an edit whose author had seen the others is not a conflict.",
    "prefer": "The value of {system} wins if it has one, else the newest.",
    "strict": "Only {system} writes it; an edit elsewhere is logged and reverted.",
    "strict_once_linked": "Only {system} writes it; until it does, the first value of another system is used.",
    "max": "The greatest value wins.",
    "min": "The smallest value wins.",
    "machine": "The later state wins; states that cannot be joined wait for a steward.",
    "member": "One value for each member of the set; adding wins over removing.",
    "counter": "The sum of all changes.",
    "manual": "A steward decides; until then the group is not delivered.",
    "update_wins": "An edit restores an archived record.",
    "delete_wins": "Archiving wins over concurrent edits.",
}


class NoSuchGroup(NotFound):
    code = "no-such-group"
    title = "The kind has no such group"
    detail = "A {kind} has: {groups}."


def policies(chosen: Policies, tenant: UUID) -> list[KindPoliciesOut]:
    """Every group of every kind with its policy in force, version and meaning."""
    return [
        KindPoliciesOut(
            kind=kind,
            groups=[_group(kind, group) for group in chosen.spec(tenant, kind).groups],
            invariants=[InvariantOut(name=rule.__name__, meaning=_sentence(rule)) for rule in _named(spec)],
        )
        for kind, spec in KINDS.items()
    ]


def declared(kind: str, group: str) -> GroupSpec:
    """The built-in rules of a group or family. Raises `NoSuchGroup`."""
    found = group_spec(kind, group)
    if found.policy.rule == "undeclared" or found.pattern != group:
        raise NoSuchGroup(kind=kind, groups=", ".join(each.pattern for each in kind_spec(kind).groups))
    return found


async def policy_of(session: AsyncSession, kind: str, group: GroupSpec, tenant: UUID) -> ChosenPolicyOut:
    """The policy of one group, and all its versions."""
    rows = await versions(session, kind, group.pattern)
    in_force = (await current(session)).spec(tenant, kind).group(group.pattern)
    built_in = VersionOut(version=BUILT_IN, policy=group.policy.name)
    chosen = [
        VersionOut(version=row.version, policy=row.policy, author=row.author, reason=row.reason, at=row.at)
        for row in rows
    ]
    return ChosenPolicyOut(kind=kind, versions=[*chosen, built_in], **_group(kind, in_force).model_dump())


def _group(kind: str, group: GroupSpec) -> GroupPolicyOut:
    once = group.once
    phase = once and PhaseOut(group=once.group, values=sorted(once.values), **_policy_out(once.policy))
    return GroupPolicyOut(
        group=group.pattern,
        built_in=group_spec(kind, group.pattern).policy.name,
        once=phase,
        compared_as=_sentence(group.normalise),
        refers_to=group.reference,
        **_policy_out(group.policy),
    )


def _policy_out(policy: Policy) -> dict[str, Any]:
    return {
        "policy": policy.name,
        "version": policy.version,
        "meaning": MEANINGS[policy.rule].format(system=policy.system),
        "owner": policy.owner,
    }


def _named(spec: KindSpec) -> list[Any]:
    return list(spec.invariants)


def _sentence(function: Callable[..., Any]) -> str:
    """The first paragraph of a function's docstring, so that each rule is described only once."""
    return " ".join((function.__doc__ or "").split("\n\n")[0].split())


async def simulated(session: AsyncSession, wanted: Simulation) -> SimulationOut:
    """The results of past conflicts of a group under another policy. Raises `Malformed` for an unknown group or
    policy."""
    policy = await _policy(session, wanted.policy)
    _check_group(wanted)
    statement = (
        select(DecisionRow)
        .where(DecisionRow.kind == wanted.kind, of_group(wanted.group))
        # The others were made by a steward, or do not depend on the policy: a broken invariant, a bounce.
        .where(or_(DecisionRow.rule == DecisionRow.policy, DecisionRow.rule == "non_empty"))
        .order_by(DecisionRow.id.desc())
        .limit(wanted.limit)
    )
    if wanted.since is not None:
        statement = statement.where(DecisionRow.decided_at >= wanted.since)
    items = [_again(row, policy) for row in await session.scalars(statement)]
    return SimulationOut(
        kind=wanted.kind,
        group=wanted.group,
        policy=policy.name,
        decisions=len(items),
        changed=sum(item.changed for item in items),
        newly_parked=sum(item.would_be.parked and not item.was.parked for item in items),
        no_longer_parked=sum(item.was.parked and not item.would_be.parked for item in items),
        items=items,
    )


async def _policy(session: AsyncSession, text: str) -> Policy:
    policy = named(text)
    names = [row["name"] for row in await all_systems(session)]
    if policy.system is not None and policy.system not in names:
        message = Phrase(
            "there is no system {system!r}; there are {names}", system=policy.system, names=", ".join(names)
        )
        raise Malformed(errors=[{"field": "policy", "message": message}])
    return policy


def _check_group(wanted: Simulation) -> None:
    if group_spec(wanted.kind, wanted.group).policy.rule == "undeclared":
        known = ", ".join(group.pattern for group in kind_spec(wanted.kind).groups)
        message = Phrase(
            "a {kind} has no group {group!r}; it has {known}", kind=wanted.kind, group=wanted.group, known=known
        )
        raise Malformed(errors=[{"field": "group", "message": message}])


def _again(row: DecisionRow, policy: Policy) -> SimulatedOut:
    normalise = group_spec(row.kind, row.group_key).normalise
    entries = [Entry.from_json(stored) for stored in row.heads]
    was = OutcomeOut.model_validate({"value": row.value, "winner": row.winner, "parked": row.was_parked})
    verdict = simulate(entries, policy, normalise, first=row.rule == "non_empty")
    if policy.name == row.policy:  # The log does not contain what the author had seen, although it decided.
        verdict = Verdict(row.value, row.was_parked, row.winner, row.rule)
    shown = {"value": verdict.value, "winner": verdict.winner, "parked": verdict.parked}
    return SimulatedOut.model_validate(
        {
            "decision_id": row.id,
            "canonical_id": row.canonical_id,
            "group": row.group_key,
            "decided_at": row.decided_at,
            "values": row.heads,
            "policy": row.policy,
            "was": was,
            "would_be": shown,
            "changed": was.parked != verdict.parked or not same(row.value, verdict.value, normalise),
        }
    )
