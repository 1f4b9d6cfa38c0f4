"""The code for the tables of `contracts.kinds`: policies and normalisers by their names."""

from contracts.kinds import KindTable
from contracts.kinds import policies as named
from contracts.kinds.same import Same
from contracts.kinds.table import Group

from gateway.kinds import normalise
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.merge.policy import Lattice, Normaliser, Once, Policy
from gateway.merge.rules import Invariant


def kind_of(table: KindTable, *invariants: Invariant) -> KindSpec:
    """The kind as the hub merges it."""
    return KindSpec(name=table.name, groups=tuple(map(_group, table.groups)), invariants=invariants)


def _group(group: Group) -> GroupSpec:
    then = group.policy.then
    return GroupSpec(
        pattern=f"{group.name}:*" if group.member is not None else group.name,
        policy=_policy(group.policy),
        normalise=_normaliser(group.same),
        reference=group.refers,
        reference_field=group.reference_field,
        once=Once(then.group, then.values, _policy(then.policy)) if then else None,
    )


def _policy(policy: named.Policy) -> Policy:
    lattice = Lattice(policy.states, policy.steps) if policy.states else None
    return Policy(policy.rule, system=policy.system, lattice=lattice)


def _normaliser(same: Same) -> Normaliser:
    """The function of this name, with the fields if there are any. Raises `AttributeError` when there is none."""
    found = getattr(normalise, same.name)
    normaliser: Normaliser = found(*same.fields) if same.fields else found
    return normaliser
