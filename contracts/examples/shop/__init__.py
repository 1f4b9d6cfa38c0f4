"""A web shop as a third system, written from services/JOIN.md: its customers, products and orders are synchronised."""
