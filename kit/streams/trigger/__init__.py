"""Event-source mappings: a function called with batches of a stream's records, as a trigger of AWS Lambda does."""
