"""Products, what they cost for whom, and how they are taxed."""
