from typing import Any

from gateway.merge.merge import resolve
from hypothesis import given, settings
from hypothesis import strategies as st

from .factories import GROUPS, SAMPLE, SYSTEMS, Record, event, normalised, thorough, values
from .oracle import Oracle


@given(st.data())
@settings(thorough, max_examples=250)
def test_the_merge_agrees_with_the_oracle_after_every_step(data: st.DataObject) -> None:
    record, oracle = Record(), Oracle()
    of_one_record = st.sampled_from(
        (*[[group] for group in GROUPS], ["stage", "line:1"], ["stage", "line:1", "line:2"])
    )
    groups = data.draw(st.one_of(of_one_record, st.lists(st.sampled_from(GROUPS), min_size=2, max_size=2, unique=True)))
    sent = dict.fromkeys(SYSTEMS, 0)
    for step in range(data.draw(st.integers(1, 12))):
        kind = data.draw(st.sampled_from(("user", "user", "user", "again", "gateway", "gateway", "steward")))
        system, group = data.draw(st.sampled_from(SYSTEMS)), data.draw(st.sampled_from(groups))
        if kind == "steward":
            _steward(record, oracle, group, data.draw(values(group)), step)
        else:
            sent[system] += kind != "again"
            _event(data, record, oracle, kind, system, max(sent[system], 1), group)
        _compare(record, oracle)


def _event(data: st.DataObject, record: Record, oracle: Oracle, kind: str, system: str, seq: int, group: str) -> None:
    hlc, value = data.draw(st.integers(0, 3)), data.draw(values(group))
    stage = data.draw(st.sampled_from((None, "draft", "open", "paid")))
    now = record.registers[group].rev if group in record.registers else 0
    if kind == "gateway":
        rev = data.draw(st.sampled_from((now, now, now, max(now - 1, 0))))
        stored = event(system, seq, (group, None, value, rev), hlc=hlc, origin="gateway", snapshot={"stage": stage})
        record.merge(stored)
        oracle.gateway(system, seq, hlc, stored.id, (group, value, rev), stage)
        return
    old = data.draw(values(group)) if group == "points" else None
    change = (group, old, value, data.draw(st.integers(0, now)))
    record.merge(event(system, seq, change, hlc=hlc, snapshot={"stage": stage}))
    oracle.user(system, seq, hlc, f"{system}-{seq}", change, stage)


def _steward(record: Record, oracle: Oracle, group: str, value: Any, hlc: int) -> None:
    resolution = resolve(
        record.registers, group, value, actor="stella", at="now", hlc=hlc, event_id=f"hub-{hlc}", kind=SAMPLE
    )
    record.registers[group] = resolution.register
    oracle.steward(group, value, hlc, f"hub-{hlc}")


def _compare(record: Record, oracle: Oracle) -> None:
    for group, history in oracle.groups.items():
        if history.revision == 0:
            assert group not in record.registers
            continue
        register = record.registers[group]
        value, parked = oracle.verdict(group)
        heads = {o: (e.value, e.hlc, e.rev) for o, e in history.heads().items()}
        assert {o: (h.value, h.hlc, h.rev) for o, h in register.heads.items()} == heads
        assert normalised(group, register.value) == normalised(group, value)
        assert (register.parked, register.rev) == (parked, history.revision)
