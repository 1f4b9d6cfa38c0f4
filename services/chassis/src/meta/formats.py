"""The formats of a locale, by the CLDR data of Babel."""

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from contracts.countries import country_codes
from contracts.values import CURRENCY_EXPONENTS
from localisation import LANGUAGES, language_of

from meta.schemas import Choice, CurrencyMeta, Formats, LanguageMeta, Patterns

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def locale_of(tag: str) -> Locale:
    """The locale of a language tag, with the most likely region where none is given: `ko` is `ko_KR`."""
    for each in (tag, language_of(tag)):
        try:
            found = Locale.parse(each, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if found.territory is None:
            likely = get_global("likely_subtags").get(str(found))
            found = Locale.parse(likely) if likely else found
        return found
    return Locale("en", "US")


def formats_of(locale: Locale) -> Formats:
    """Separators, patterns, the first day of the week, currencies and countries."""
    symbols = locale.number_symbols["latn"]
    return Formats(
        locale=str(locale).replace("_", "-"),
        decimal=symbols["decimal"],
        group=symbols["group"],
        percent=locale.percent_formats[None].pattern,
        currency=locale.currency_formats["standard"].pattern,
        date=_patterns(locale, "date"),
        time=_patterns(locale, "time"),
        datetime=_datetimes(locale),
        first_day_of_week=DAYS[locale.first_week_day],
        currencies=[
            CurrencyMeta(
                code=code,
                label=locale.currencies.get(code, code),
                symbol=locale.currency_symbols.get(code, code),
                decimals=decimals,
            )
            for code, decimals in sorted(CURRENCY_EXPONENTS.items())
        ],
        countries=[Choice(value=code, label=locale.territories.get(code, code)) for code in sorted(country_codes())],
    )


def languages() -> list[LanguageMeta]:
    """The languages of texts, each in its own name."""
    return [LanguageMeta(language=each, label=_own_name(each)) for each in LANGUAGES]


def _own_name(language: str) -> str:
    name = Locale.parse(language, sep="-").get_display_name() or language
    return name[:1].upper() + name[1:]


def _patterns(locale: Locale, kind: str) -> Patterns:
    found = locale.date_formats if kind == "date" else locale.time_formats
    return Patterns(**{length: found[length].pattern for length in ("short", "medium", "long")})


def _datetimes(locale: Locale) -> Patterns:
    """A date and a time together; the joining pattern has {1} for the date."""
    joined = {
        length: str(locale.datetime_formats[length])
        .replace("{1}", locale.date_formats[length].pattern)
        .replace("{0}", locale.time_formats["short"].pattern)
        for length in ("short", "medium", "long")
    }
    return Patterns(**joined)
