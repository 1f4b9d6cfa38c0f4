"""Teams: employees who work together."""
