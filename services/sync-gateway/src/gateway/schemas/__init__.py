"""Shapes of requests and responses, one file per subject, named as the files in `queries` and `routes`."""
