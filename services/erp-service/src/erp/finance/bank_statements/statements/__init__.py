"""Bank statements as files: `camt` and `delimited` parse them into `movements`."""
