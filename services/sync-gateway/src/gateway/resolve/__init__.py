"""What a person decides: a value, a link, a delivery. Each leaves a line in the decision log."""
