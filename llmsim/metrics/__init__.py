"""What is counted of all requests, over the worker processes of a host."""
