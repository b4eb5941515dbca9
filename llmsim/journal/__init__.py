"""What every agent sent and got.

One entry for each request, readable from any worker as soon as the client has its answer.
"""
