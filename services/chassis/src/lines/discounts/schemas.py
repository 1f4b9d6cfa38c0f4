"""Shapes of responses."""

from contracts.discount import DiscountLimits


class LimitsOut(DiscountLimits):
    """The limits; version 0 are the built-in ones."""

    version: int
