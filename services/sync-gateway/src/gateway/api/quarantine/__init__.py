"""Messages that could not be parsed or merged."""
