"""A service just large enough for tests: notes, replicated, on a real PostgreSQL and a real Kafka."""
