"""What an edit, an order and a confirmation cost, beside the simplest honest thing that does the same."""
