"""Insight: the history of a customer or a deal, and the overview of a customer."""

from crm.insight import overview, timeline

MODULES = (timeline.MODULE, overview.MODULE)
