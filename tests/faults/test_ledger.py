"""The measure itself: what counts as lost, and what does not."""

from .ledger import Edit, Ledger, mark

PLACE = ("a record", "phone")


def edit(value: str, seen: str | None = None, system: str = "crm") -> Edit:
    return Edit(system, *PLACE, value, seen)


def lost(*edits: Edit, shown: str, logged: tuple[str, ...] = ()) -> list[Edit]:
    return Ledger(list(edits)).lost({PLACE: shown}, {PLACE: list(logged)})


def test_an_edit_that_is_shown_is_not_lost() -> None:
    assert lost(edit("1"), shown="1") == []


def test_an_edit_that_nobody_saw_and_nobody_logged_is_lost() -> None:
    assert lost(edit("1"), edit("2", seen=None, system="erp"), shown="2") == [edit("1")]


def test_an_edit_that_was_overwritten_by_somebody_who_saw_it_is_not_lost() -> None:
    assert lost(edit("1"), edit("2", seen="1", system="erp"), shown="2") == []


def test_an_edit_whose_value_stands_in_the_decision_log_is_not_lost() -> None:
    assert lost(edit("1"), edit("2", system="erp"), shown="2", logged=("1", "2")) == []


def test_an_edit_in_the_log_of_another_group_is_lost() -> None:
    ledger = Ledger([edit("1")])
    assert ledger.lost({PLACE: "2"}, {("a record", "email"): ["1"]}) == [edit("1")]


def test_what_was_acknowledged_and_never_written_is_told() -> None:
    saved, not_saved = edit("1"), edit("2")
    assert Ledger([saved, not_saved]).settle({"crm": {mark(saved)}}) == [not_saved]


def test_what_was_never_answered_counts_when_it_was_written() -> None:
    saved, not_saved = edit("1"), edit("2")
    ledger = Ledger([], [saved, not_saved])
    assert ledger.settle({"crm": {mark(saved)}}) == []
    assert ledger.acknowledged == [saved]
