"""The languages of texts, and the choice among them by `Accept-Language` (RFC 9110, section 12.5.4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

SOURCE = "en"
LANGUAGES = (SOURCE, "de", "fr", "es", "zh-Hans", "zh-Hant", "ko", "lv", "ru")
"""As BCP 47 tags, in the order in which a front end offers them."""

TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
"""The subtags of Chinese in traditional characters."""

MOST_CHARACTERS = 500
"""Of a header that is looked at."""

current: ContextVar[str] = ContextVar("language", default=SOURCE)
"""The language of the request that is being answered; English outside of requests."""


@contextmanager
def spoken(accepted: str | None) -> Iterator[None]:
    """Translate in the language that a header `Accept-Language` prefers, for the duration of the block."""
    before = current.set(language_of(chosen(accepted)) if accepted else SOURCE)
    try:
        yield
    finally:
        current.reset(before)


def headers() -> dict[str, str]:
    """The headers of an answer whose texts are in the current language."""
    return {"Content-Language": current.get(), "Vary": "Accept-Language"}


@lru_cache(maxsize=1000)
def chosen(accepted: str) -> str:
    """The tag with the highest quality of which there is a language, as it was sent (`de-CH`); `en` when there is none.

    Of equal qualities the first one is chosen. A part that cannot be parsed is ignored.
    """
    ranked = sorted(_ranges(accepted[:MOST_CHARACTERS]), key=lambda each: -each[1])
    return next((tag for tag, quality in ranked if quality > 0 and _known(tag)), SOURCE)


def language_of(tag: str) -> str:
    """The language of texts for a tag: `de` for `de-CH`, `zh-Hant` for `zh-TW`; `en` when there is none."""
    return _known(tag) or SOURCE


def _known(tag: str) -> str | None:
    primary, *subtags = tag.lower().replace("_", "-").split("-")
    if primary == "zh":
        return "zh-Hant" if TRADITIONAL.intersection(subtags) else "zh-Hans"
    if primary == "*":
        return SOURCE
    return primary if primary in LANGUAGES else None


def _ranges(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, weight = parameter.strip().partition("=")
        if name.strip() not in {"", "q"}:
            continue
        try:
            yield tag.strip(), float(weight or 1)
        except ValueError:
            continue
