"""A broker with TLS, passwords (SCRAM-SHA-512) and permissions: who may write and read which topics."""
