"""A steward's choice: its effect on a group, and on those whose policy it changes."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.merge.policy import STEWARD, Head, Json, same
from gateway.merge.register import Decision, Entry, Register
from gateway.merge.rules import EMPTY, Rules, latest, number, policy_of, turned


class Resolution(NamedTuple):
    """The effect of a steward's choice on one group. `decision` is None when there was nothing to decide.

    `led` are other groups whose policy changes with this group's value.
    """

    register: Register
    decision: Decision | None
    led: Mapping[str, Register] = {}


def resolve(
    registers: Mapping[str, Register],
    group: str,
    value: Json,
    *,
    actor: str,
    at: str,
    hlc: int,
    event_id: str,
    kind: Rules,
    now_us: int = 0,
) -> Resolution:
    """A steward's choice: an edit of the hub whose author has seen every head. It ends every parking."""
    before = registers.get(group, EMPTY)
    policy = policy_of(registers, group, kind)
    rev = max(latest(registers, group) + 1, now_us)
    hlc = max([hlc, *(head.hlc + 1 for head in before.heads.values())])
    head = Head(value, hlc, rev, event_id, actor, at)
    heads = {} if policy.rule == "counter" else {STEWARD: head}
    total = number(value) if policy.rule == "counter" else None
    after = Register(rev, heads, value, rule="resolved", total=total, awaited=before.awaited)
    others = {**registers, group: after}
    led: dict[str, Register] = {}
    for other, again, _ in turned(registers, others, kind):
        led[other] = again._replace(rev=max(latest({**others, **led}, other) + 1, now_us))
    if not before.heads and before.value is None:
        return Resolution(after, None, led)
    normalise = kind.group(group).normalise
    seen = [Entry.of(o, h, "kept" if same(h.value, value, normalise) else "lost") for o, h in before.heads.items()]
    entries = (*seen, Entry.of(STEWARD, head, "kept"))
    decision = Decision(group, "resolved", policy.name, policy.version, STEWARD, entries, False, value)
    return Resolution(after, decision, led)
