"""Commands on bank statements: `importing` stores them, `deciding` decides on a line."""
