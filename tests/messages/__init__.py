"""Message catalogues: `python -m tests.messages write` updates them from the code, `check` finds what they lack."""
