"""What a steward does to links and deliveries that cannot go on by themselves. Each leaves a line in the log."""
