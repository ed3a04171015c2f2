"""Records changed on their way: by a function with Lambda's contract, or by SQL over the batch."""
