"""Every table of the hub, and the statements that read, lock and write rows."""
