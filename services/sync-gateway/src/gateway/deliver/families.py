"""Families in a delivery: a delivery contains all of a family, or reports no range for it. Pure.

A system that has applied every revision up to a floor may drop the marks of removed members
(`chassis.replication.floors`). The hub stores the acknowledged floor of a system beside its groups, under the family's
name.
"""

from collections.abc import Collection, Mapping

from gateway.merge.register import Register, standings
from gateway.merge.rules import family_of
from gateway.store.deliveries import DeliveryRow

Floors = dict[str, dict[str, int]]


def completed(
    registers: Mapping[str, Register], delivery: DeliveryRow, due: Collection[str]
) -> tuple[list[str], Floors]:
    """The groups to send so that each family among those due is complete behind its floor, and the floors reached.

    A family with a parked or refused group has no range, because the system would not receive all of it.
    """
    groups, floors = list(due), Floors()
    for family in sorted({family for group in due if (family := family_of(group))}):
        after = delivery.acked.get(family, 0)
        members = f"{family}:"
        behind = [each for each in standings(registers) if each[0].startswith(members) and each[1] > after]
        if not behind or any(parked or _refused(delivery, group, rev) for group, rev, parked in behind):
            continue
        groups += [group for group, _, _ in behind if group not in due]
        floors[family] = {"after": after, "rev": max(rev for _, rev, _ in behind)}
    return groups, floors


def reached(floors: Floors, outcomes: Mapping[str, str]) -> dict[str, int]:
    """The floors that a system has reached by its answer."""
    unfinished = {family_of(g) for g, outcome in outcomes.items() if outcome not in ("applied", "already")}
    return {family: floor["rev"] for family, floor in floors.items() if family not in unfinished}


def _refused(delivery: DeliveryRow, group: str, rev: int) -> bool:
    return bool(delivery.refused.get(group, {}).get("rev", 0) >= rev)
