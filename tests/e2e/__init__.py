"""The whole product, as its users meet it: real PostgreSQL, Kafka and all six processes, over HTTP."""
