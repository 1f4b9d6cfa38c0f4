"""Stages and ends of a deal, without a database."""

from datetime import date
from typing import Any

import pytest
from chassis.errors import Problem
from crm.sales.deals.models import Deal, DealClosed, DealNotClosed, FieldsRequired, NoSuchStage, UnknownReason
from crm.sales.deals.rules import BUILT_IN, DEFAULT, Pipeline
from pydantic import ValidationError

PIPELINE = BUILT_IN[DEFAULT]
DAY = date(2026, 11, 22)


def deal(**values: Any) -> Deal:
    row = Deal(name="Tea", pipeline=DEFAULT, state="open", **values)
    row.move("qualification", PIPELINE)
    return row


def test_a_stage_gives_the_deal_its_probability() -> None:
    row = deal(amount=100)
    row.move("needs", PIPELINE)
    assert (row.stage, str(row.probability)) == ("needs", "0.25")
    row.move("qualification", PIPELINE)
    assert str(row.probability) == "0.1"


def test_a_stage_names_the_fields_that_it_lacks() -> None:
    row = deal(amount=100)
    with pytest.raises(FieldsRequired) as refused:
        row.move("proposal", PIPELINE)
    assert refused.value.facts["fields"] == ["contact_id", "expected_close"]
    assert row.stage == "qualification"


def test_a_stage_that_the_pipeline_does_not_have_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(NoSuchStage) as refused:
        deal().move("signature", PIPELINE)
    assert refused.value.facts["stages"] == ["qualification", "needs", "proposal", "negotiation"]


@pytest.mark.parametrize("action", ["move", "win", "lose"])
def test_a_closed_deal_only_reopens(action: str) -> None:
    actions = {
        "move": lambda row: row.move("needs", PIPELINE),
        "win": lambda row: row.win(None, DAY, PIPELINE),
        "lose": lambda row: row.lose("Price", DAY, PIPELINE),
    }
    row = deal(amount=100)
    row.lose("Price", DAY, PIPELINE)
    with pytest.raises(DealClosed) as refused:
        actions[action](row)
    assert refused.value.facts == {"state": "lost", "allowed": ("reopen",)}
    row.reopen()
    actions[action](row)
    with pytest.raises(Problem):
        row.reopen() if row.state == "open" else row.must_be_open()


def test_a_reopened_deal_has_no_reason_and_an_open_one_does_not_reopen() -> None:
    row = deal()
    row.win("Quality", DAY, PIPELINE)
    assert (row.state, row.reason, row.closed_on) == ("won", "Quality", DAY)
    row.reopen()
    assert (row.state, row.reason, row.closed_on) == ("open", None, None)
    with pytest.raises(DealNotClosed):
        row.reopen()


def test_a_reason_is_one_of_the_pipelines() -> None:
    with pytest.raises(UnknownReason) as refused:
        deal().lose("Weather", DAY, PIPELINE)
    assert "Competitor" in refused.value.facts["reasons"]


def test_a_pipeline_has_each_stage_once() -> None:
    twice = {**PIPELINE.model_dump(mode="json"), "stages": [PIPELINE.stages[0].model_dump(mode="json")] * 2}
    with pytest.raises(ValidationError, match="a key of its own"):
        Pipeline.model_validate(twice)
