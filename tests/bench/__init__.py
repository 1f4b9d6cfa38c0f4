"""How long an edit takes to the other system, beside the simplest honest chain of the same hops."""
