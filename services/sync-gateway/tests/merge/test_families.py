"""Families whose members come and go: what is gone and settled is forgotten, and never comes back."""

import orjson
import pytest
from chassis.replication.floors import settled, standing
from chassis.replication.wire import Floor
from gateway.deliver.families import completed, reached
from gateway.merge.register import Register
from gateway.store.deliveries import DeliveryRow

from .hub_under_test import EPOCH, TENANT
from .world import RECORDS, World

RECORD = RECORDS[0]
NOT_COMPLETE = (Register(4, value="y", parked=True), Register(4, value="y"))


def tagged(version: int) -> dict[str, bool]:
    return {f"tag:{version}-{number}": True for number in range(100)}


def without(version: int) -> dict[str, bool]:
    return dict.fromkeys(tagged(version), False)


REPLACED = 30


def test_a_record_whose_hundred_tags_are_replaced_again_and_again_stays_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World({"crm": 0, "erp": 0}, records=(RECORD,))
    # This test measures size only; without these two checks it takes a tenth of the time.
    monkeypatch.setattr(world.hub, "_forget_decoded", lambda: None)
    monkeypatch.setattr(world.judge, "watch", lambda *_: None)
    world.edit("crm", RECORD, "name", "n1")
    for version in range(REPLACED):
        world.wall += 10
        world.spokes["crm"].edit(RECORD, {**without(version - 1), **tagged(version)}, world.wall)
        world.drain()
    for spoke in world.spokes.values():
        row, last = spoke.rows[RECORD], spoke.outbox[RECORD][-1]
        assert len(row.sync) < 110, "name, life, the family, and what is there"
        assert len(last.sync) < 310
    golden = world.hub.golden(RECORD)
    assert len(orjson.dumps(golden)) < 20_000
    assert golden["revisions"].keys() == golden["policies"].keys()
    assert golden["revisions"].keys() == golden["values"].keys() == {"name", "life", *tagged(REPLACED - 1)}
    assert all(set(spoke.rows[RECORD].values) >= tagged(REPLACED - 1).keys() for spoke in world.spokes.values())


def test_a_tag_that_is_added_again_is_no_conflict_with_its_own_removal() -> None:
    world = World({"crm": 0, "erp": 0}, records=(RECORD,))
    for value in (True, False, True, False):
        world.wall += 10
        world.edit("crm", RECORD, "tag:x", value)
        world.drain()
        for name in ("crm", "erp"):
            assert ("tag:x" in world.spokes[name].rows[RECORD].sync) is value
    world.edit("erp", RECORD, "tag:x", True)
    assert world.settle() == set()
    assert world.hub.decisions() == []
    assert all(spoke.rows[RECORD].values["tag:x"] is True for spoke in world.spokes.values())


@pytest.mark.parametrize("late", [0, 1])
def test_a_delivery_of_a_tag_that_comes_twice_does_not_bring_it_back(late: int) -> None:
    world = World({"crm": 0, "erp": 0}, records=(RECORD,))
    world.edit("crm", RECORD, "tag:x", True)
    world.consume("crm", RECORD)
    world.send("erp", RECORD)
    _, delivery = world.network[0]
    world.arrive(0)
    world.edit("crm", RECORD, "tag:x", False)
    world.drain()
    assert "tag:x" not in world.spokes["erp"].rows[RECORD].sync
    for _ in range(late + 1):
        assert world.spokes["erp"].receive(delivery, world.wall)["groups"]["tag:x"] == "already"
    assert world.settle() == set()


@pytest.mark.parametrize("missing", NOT_COMPLETE)
def test_a_family_of_which_something_is_parked_or_refused_has_no_floor(missing: Register) -> None:
    delivery = DeliveryRow.new(TENANT, "sample", TENANT, "erp", EPOCH)
    delivery.acknowledge({"line": 3})
    registers = {"line:1": Register(2, value="x"), "line:2": missing, "line:3": Register(5)}
    if not missing.parked:
        delivery.refuse("line:2", 4, None, EPOCH)
    assert completed(registers, delivery, ["line:3"]) == (["line:3"], {})


def test_a_family_is_sent_from_its_floor_on() -> None:
    delivery = DeliveryRow.new(TENANT, "sample", TENANT, "erp", EPOCH)
    delivery.acknowledge({"line": 3, "line:2": 4})
    registers = {"name": Register(9), "line:1": Register(2), "line:2": Register(4), "line:3": Register(5)}
    groups, floors = completed(registers, delivery, ["line:3"])
    assert (groups, floors) == (["line:3", "line:2"], {"line": {"after": 3, "rev": 5}})
    assert reached(floors, {"line:3": "applied", "line:2": "already"}) == {"line": 5}
    assert reached(floors, {"line:3": "applied", "line:2": "skipped"}) == {}


def test_a_floor_that_does_not_continue_the_row_is_not_believed() -> None:
    """The hub believes that a restored row has more than it has."""
    sync = {"tag:x": {"seq": 0, "rev": 2, "hlc": 0}}
    outcomes = {"tag:y": "applied"}
    assert settled(sync, {"tag": Floor(after=5, rev=6)}, outcomes, {}, 9) == sync
    assert settled(sync, {"tag": Floor(after=0, rev=6)}, outcomes, {}, 9) == {"tag": {"seq": 0, "rev": 6, "hlc": 0}}


def test_a_member_stays_while_its_removal_is_not_merged_or_part_of_the_family_is_not_applied() -> None:
    sync = {"tag:x": {"seq": 7, "rev": 2, "hlc": 0}}
    floors = {"tag": Floor(after=0, rev=6)}
    assert "tag:x" in settled(sync, floors, {"tag:y": "applied"}, {}, 6)
    assert settled(sync, floors, {"tag:y": "rejected"}, {}, 9) == sync
    assert standing(settled(sync, floors, {"tag:y": "applied"}, {}, 7), "tag:x")["rev"] == 6
