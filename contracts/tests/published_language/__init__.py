"""A package, so that pytest does not name these tests `contracts.tests...` and shadow the package under test."""
