"""What every declared record answers, in one suite: it runs over all records of both services."""
