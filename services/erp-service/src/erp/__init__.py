"""ERP service."""
