"""HTTP of payments, bank accounts and bank statements."""
