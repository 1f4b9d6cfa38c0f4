"""Messages that could not be read or merged."""
