"""Orders: what customers have ordered, from the first draft until all of it is shipped, invoiced and paid."""
