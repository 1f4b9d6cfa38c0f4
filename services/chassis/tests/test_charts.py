"""Charts: bars in proportion, and texts that are data."""

import asyncio
from decimal import Decimal

from documents.charts import MOST_BARS, Bar, Chart, drawn
from localisation import spoken


def bar(label: str, *values: int) -> Bar:
    return Bar(label, [(Decimal(value), str(value)) for value in values])


def test_bars_have_the_share_of_the_largest_and_none_below_zero() -> None:
    rows = Chart("Won", ("won", "lost"), [bar("Ann", 50, 0), bar("Ben", -10, 200)]).data()["rows"]
    assert [[each["share"] for each in row["values"]] for row in rows] == [[0.25, 0.0], [0.0, 1.0]]
    assert Chart("Won", ("won",), [bar("Ann", 0)]).data()["rows"][0]["values"][0]["share"] == 0.0


def test_rows_beyond_the_most_are_counted() -> None:
    data = Chart("Won", ("won",), [bar(str(number), number) for number in range(MOST_BARS + 7)]).data()
    assert (len(data["rows"]), data["note"]) == (MOST_BARS, "and 7 more")
    with spoken("de"):
        assert Chart("Won", ("won",), []).data()["note"] == "nichts anzuzeigen"


def test_texts_are_no_markup() -> None:
    chart = Chart("#panic() $x$ *a*", ("<b>", "]"), [bar('= Title\n#read("/etc/passwd")', 1, 2)])
    answer = asyncio.run(drawn(chart, "svg"))
    assert (answer.media_type, answer.body[:4]) == ("image/svg+xml", b"<svg")
