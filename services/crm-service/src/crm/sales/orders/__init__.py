"""Orders as sales sees them: entered here, handed to the ERP, and followed until they are paid."""
