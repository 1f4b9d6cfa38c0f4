"""Consumers of events: a copy of all customers, kept from Kafka, from the HTTP feed, or from webhooks."""
