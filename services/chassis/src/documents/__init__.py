"""Documents for people: a Typst template and its data become a PDF, with amounts and days as a language writes them.

`page.typ` is the furniture that templates share, `letters` makes its data, `Translations` keeps fixed words.
"""

from documents.answers import PDF, Pdf
from documents.formats import Formats
from documents.letters import Sender, address_lines, letter
from documents.pdf import pdf
from documents.translations import Translations
from documents.writing import Writing

__all__ = ["PDF", "Formats", "Pdf", "Sender", "Translations", "Writing", "address_lines", "letter", "pdf"]
