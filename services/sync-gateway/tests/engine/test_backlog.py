"""How old the oldest unread message of a partition is, by looking at its end again and again."""

from datetime import UTC, datetime, timedelta

from gateway.store.backlog import Backlog, Unread

PARTITION = ("crm.customer.v1", 0)
START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def look(backlog: Backlog, offset: int, end: int, seconds: int) -> Unread | None:
    return backlog.note({PARTITION: offset}, {PARTITION: end}, at(seconds))[PARTITION]


def test_nothing_is_unread_where_everything_was_read() -> None:
    assert look(Backlog({}), 5, 5, 0) is None


def test_a_message_is_as_old_as_the_first_look_that_found_it() -> None:
    backlog = Backlog({})
    look(backlog, 5, 5, 0)
    assert look(backlog, 5, 6, 1) == Unread(5, 1, at(1), at(1))
    assert look(backlog, 5, 9, 2) == Unread(5, 4, at(1), at(1))
    assert look(backlog, 6, 9, 3) == Unread(6, 3, at(2), at(3))
    assert look(backlog, 9, 9, 4) is None


def test_a_partition_that_is_read_while_more_comes_is_not_stalled() -> None:
    backlog = Backlog({})
    for second in range(100):
        unread = look(backlog, second * 10, second * 10 + 500, second)
    assert unread is not None
    assert unread.stalled_since == at(99)


def test_a_new_process_goes_on_with_what_the_last_one_wrote() -> None:
    backlog = Backlog({PARTITION: Unread(5, 4, at(-100), at(-60))})
    assert look(backlog, 5, 9, 0) == Unread(5, 4, at(-100), at(-60))
    assert look(backlog, 6, 9, 1) == Unread(6, 3, at(-100), at(1))


def test_a_log_that_begins_anew_is_measured_anew() -> None:
    backlog = Backlog({})
    look(backlog, 5, 900, 0)
    assert look(backlog, 0, 2, 9) == Unread(0, 2, at(9), at(9))


def test_an_outage_of_days_is_remembered_in_little_room() -> None:
    backlog = Backlog({})
    for second in range(5_000):
        unread = look(backlog, 0, second + 1, second)
    assert unread == Unread(0, 5_000, at(0), at(0))
    assert len(backlog._samples[PARTITION]) <= 600
