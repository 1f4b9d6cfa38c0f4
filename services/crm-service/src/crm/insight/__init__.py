"""Insight: the history of a customer or a deal, the overview of each, and what deals brought."""

from crm.insight import overview, results, timeline

MODULES = (timeline.MODULE, overview.MODULE, results.MODULE)
