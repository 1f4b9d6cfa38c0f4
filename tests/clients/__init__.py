"""What third parties generate from the published documents. Needs Node: `make test-clients`."""
