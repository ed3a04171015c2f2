"""The public API of Data Firehose under its real names, for code that was written against boto3."""
