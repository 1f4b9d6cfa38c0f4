"""Named reads behind the REST API, one file per subject, named as the files in `schemas` and `routes`."""
