"""Charts of the forecast and the funnel."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from documents.charts import Bar, Chart
from localisation import Phrase, translated

from crm.sales.forecast.schemas import ForecastRow, Funnel

SERIES = {
    "won": Phrase("Won"),
    "committed": Phrase("Committed"),
    "best_case": Phrase("Best case"),
    "open": Phrase("Open"),
    "weighted": Phrase("Weighted"),
}
STEPS = (Phrase("Entered"), Phrase("Advanced"), Phrase("Lost"))


def forecast_chart(rows: Sequence[ForecastRow]) -> Chart:
    """The amounts of each month and currency, of all owners."""
    sums: defaultdict[tuple[date, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(SERIES))
    for row in rows:
        found = sums[row.month, row.currency]
        found[:] = [known + getattr(row, name) for known, name in zip(found, SERIES, strict=True)]
    bars = [
        Bar(f"{month:%Y-%m} {currency}", [(value, f"{value:,.2f}") for value in values])
        for (month, currency), values in sorted(sums.items())
    ]
    return Chart(translated(Phrase("Forecast")), [*map(translated, SERIES.values())], bars)


def funnel_chart(funnel: Funnel) -> Chart:
    """The deals that entered each stage, those that went on from it, and those that were lost at it."""
    bars = [
        Bar(stage.name, [(Decimal(value), str(value)) for value in (stage.entered, stage.advanced, stage.lost)])
        for stage in funnel.stages
    ]
    return Chart(translated(Phrase("Funnel")), [*map(translated, STEPS)], bars)
