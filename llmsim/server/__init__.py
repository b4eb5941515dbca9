"""How llmsim runs under gunicorn.

Its configuration, and what happens when the server starts, reloads and ends.
"""
