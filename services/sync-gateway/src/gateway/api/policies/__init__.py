"""The policies of each group, and their simulation."""
