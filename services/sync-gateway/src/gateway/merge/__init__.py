"""The merge and its policies. Pure: imports no other package of ours."""
