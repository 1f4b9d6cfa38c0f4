"""Identity: which records of different systems are the same."""
