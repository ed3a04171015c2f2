"""The public API: shapes of requests and answers, the operations under their real names, a client like boto3's."""
