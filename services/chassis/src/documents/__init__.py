"""Documents as PDF: a Typst template and its data, with amounts and dates in the format of a language.

`page.typ` contains the functions that templates share, `letters` makes its data, `Translations` contains fixed texts.
"""

from documents.answers import PDF, Pdf
from documents.formats import Formats
from documents.letters import Sender, address_lines, letter
from documents.pdf import pdf
from documents.translations import Translations
from documents.writing import Writing

__all__ = ["PDF", "Formats", "Pdf", "Sender", "Translations", "Writing", "address_lines", "letter", "pdf"]
