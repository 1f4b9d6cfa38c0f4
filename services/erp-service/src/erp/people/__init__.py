"""People: who works here, and in which teams."""
