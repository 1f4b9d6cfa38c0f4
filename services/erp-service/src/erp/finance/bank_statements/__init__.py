"""Bank statements: what banks say of our accounts, and which payment each line of it is."""
