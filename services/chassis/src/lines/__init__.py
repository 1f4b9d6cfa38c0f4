"""Lines of any document, and what limits them."""
