"""Crashes while people work: nothing lost, nothing doubled, all sides equal."""
