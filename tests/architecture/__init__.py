"""The rules of the house, as tests: what is not checked is forgotten."""
