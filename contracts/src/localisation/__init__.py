"""Texts in the language of the caller: which language that is, and the message catalogues (gettext) that translate.

English is the source: a text that a catalogue does not contain is shown in English. Codes, names of fields and other
texts for programs are never translated.
"""

from localisation.labels import field_label, label, named
from localisation.languages import LANGUAGES, SOURCE, chosen, current, headers, language_of, spoken
from localisation.texts import Counted, Phrase, translated

__all__ = [
    "LANGUAGES",
    "SOURCE",
    "Counted",
    "Phrase",
    "chosen",
    "current",
    "field_label",
    "headers",
    "label",
    "language_of",
    "named",
    "spoken",
    "translated",
]
