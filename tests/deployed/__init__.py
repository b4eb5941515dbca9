"""A deployed agent: one base URL, one key, and many users at once. Played by history."""
