"""The fixed texts of a document, in their available languages."""

from collections.abc import Mapping
from dataclasses import dataclass

Words = Mapping[str, str]
ENGLISH = "en"


@dataclass(frozen=True)
class Translations:
    """Language -> name of a text -> text. English is required, and must be complete."""

    languages: Mapping[str, Words]

    def spoken(self, language: str) -> str:
        """The language tag of a document: the requested one (`de-AT` when there is `de`), or English.

        Amounts and dates use it too, so that a document has one language.
        """
        return language if primary(language) in self.languages else ENGLISH

    def words(self, language: str) -> Words:
        """The texts in a language; untranslated ones are English."""
        return {**self.languages[ENGLISH], **self.languages.get(primary(language), {})}


def primary(language: str) -> str:
    """`de` of `de-AT`."""
    return language.split("-", maxsplit=1)[0].lower()


PAGES = Translations(
    {
        "en": {"page": "Page {page} of {pages}"},
        "de": {"page": "Seite {page} von {pages}"},
        "fr": {"page": "Page {page} sur {pages}"},
        "es": {"page": "Página {page} de {pages}"},
        "it": {"page": "Pagina {page} di {pages}"},
        "pt": {"page": "Página {page} de {pages}"},
    }
)
"""The number of a page, for `page_label`."""
