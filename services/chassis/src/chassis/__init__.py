"""What the services share: settings, app, db, outbox, bus, replication."""
