"""Conflicts: the log of every decision, and the queue of those that wait for a person."""
