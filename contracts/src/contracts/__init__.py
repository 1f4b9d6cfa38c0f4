"""The published language: shapes, normalisers, generated schemas."""
