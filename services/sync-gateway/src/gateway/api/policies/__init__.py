"""The policies of each group, and what another one would decide."""
