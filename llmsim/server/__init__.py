"""How llmsim runs under gunicorn: its configuration, and what happens when the server starts, reloads and ends."""
