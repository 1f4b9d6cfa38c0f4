"""Documents for people: a Typst template and its data become a PDF, with amounts and days as a language writes them."""

from documents.formats import Formats
from documents.pdf import pdf

__all__ = ["Formats", "pdf"]
