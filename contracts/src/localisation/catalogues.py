"""The message catalogues, one `.po` file for each language."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from localisation.languages import SOURCE

FOLDER = Path(__file__).with_name("po")


def file_of(language: str) -> Path:
    """The catalogue of a language."""
    return FOLDER / f"{language}.po"


@cache
def catalogue(language: str) -> NullTranslations:
    """The texts of a language, with its plural forms. It is read from its `.po` file once in a process."""
    if language == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    with file_of(language).open("rb") as source:
        write_mo(compiled, read_po(source, locale=language.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)
