"""Every use case of bank statements: `importing` takes them in, `deciding` says what becomes of a line."""
