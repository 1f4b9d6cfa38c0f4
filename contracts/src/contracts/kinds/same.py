"""Which values of a group are equal, by the name of a normaliser of the gateway (`gateway.kinds.normalise`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Same:
    """A normaliser, and the fields that it is applied to."""

    name: str
    fields: tuple[str, ...] = ()


tidy = Same("tidy")
lowered = Same("lowered")
prose = Same("prose")
phone = Same("phone")
gtin = Same("gtin")
sku = Same("sku")
instant = Same("instant")
flag = Same("flag")
flags = Same("flags")
presence = Same("presence")
life = Same("life")
stage = Same("stage")
legal = Same("legal")
order_line = Same("order_line")
membership = Same("membership")
reference = Same("reference")


def amounts(*fields: str) -> Same:
    """An object in which these fields, at any depth, are decimal numbers."""
    return Same("amounts", fields)
