"""Embedded PostgreSQL and Kafka, and the supervisor of make run."""
