"""Amounts, numbers and dates in a language, by the CLDR data of Babel."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one language. `language` is a BCP 47 tag; one that CLDR does not know uses English."""

    language: str

    @property
    def locale(self) -> Locale:
        try:
            return Locale.parse(self.language, sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale("en")

    def money(self, amount: Decimal, currency: str) -> str:
        """`1.250,50 €`; as many decimals as the currency has."""
        return format_currency(amount, currency, locale=self.locale)

    def price(self, amount: Decimal, currency: str) -> str:
        """The price of one unit: up to four decimals, at least as many as the currency has."""
        pattern = self.locale.currency_formats["standard"].pattern.replace("0.00", "0.00##")
        return format_currency(amount, currency, pattern, locale=self.locale, currency_digits=False)

    def number(self, value: Decimal) -> str:
        """`1.250,5`; without trailing zeros."""
        return format_decimal(value, "#,##0.####", locale=self.locale)

    def percent(self, fraction: Decimal) -> str:
        """`19 %` of 0.19."""
        pattern = self.locale.percent_formats[None].pattern.replace("#,##0", "#,##0.##")
        return format_percent(fraction, pattern, locale=self.locale)

    def day(self, day: date) -> str:
        """`22. November 2026`."""
        return format_date(day, "long", locale=self.locale)

    def country(self, code: str) -> str:
        """`Deutschland` of DE."""
        name: str = self.locale.territories.get(code, code)
        return name
