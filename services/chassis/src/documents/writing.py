"""One language of a document: its texts, and its formats of amounts and dates."""

from documents.formats import Formats
from documents.translations import Translations


class Writing:
    """`say("due", day=...)` is a text, `say.formats` formats amounts. English if the language is not available."""

    def __init__(self, translations: Translations, language: str) -> None:
        self.formats = Formats(translations.spoken(language))
        self._words = translations.words(language)

    def __call__(self, name: str, **values: str) -> str:
        return self._words[name].format(**values)
