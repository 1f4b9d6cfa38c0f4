"""Identity: which records of different systems are one and the same."""
