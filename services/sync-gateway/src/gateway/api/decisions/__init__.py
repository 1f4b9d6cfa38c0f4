"""The decision log and open conflicts."""
