"""The parts that services share: settings, app, db, outbox, bus, replication."""
