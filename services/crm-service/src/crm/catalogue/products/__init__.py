"""The catalogue: what can be sold, to whom at which price, taxed how, and how much of it can be promised."""
