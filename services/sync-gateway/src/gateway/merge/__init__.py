"""The merge and its policies. Pure: nothing of ours is imported here."""
