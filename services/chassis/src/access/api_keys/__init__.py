"""API keys: bearer tokens of machines, which a tenant makes and revokes itself."""
