"""Bank statements as files: `camt` and `delimited` read them, `movements` is what either reads them into."""
