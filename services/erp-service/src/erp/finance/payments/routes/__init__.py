"""HTTP of payments and bank accounts."""
