"""Ingest: a batch of events -> changes -> the merge, with the Kafka position, in one transaction."""
