"""One language of a document: its words, and how it writes amounts and days."""

from documents.formats import Formats
from documents.translations import Translations


class Writing:
    """`say("due", day=...)` is a text, `say.formats` writes amounts. English, where there is no such language."""

    def __init__(self, translations: Translations, language: str) -> None:
        self.formats = Formats(translations.spoken(language))
        self._words = translations.words(language)

    def __call__(self, name: str, **values: str) -> str:
        return self._words[name].format(**values)
