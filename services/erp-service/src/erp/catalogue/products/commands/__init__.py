"""Every use case that changes a product, or what is declared about its price and its tax."""
