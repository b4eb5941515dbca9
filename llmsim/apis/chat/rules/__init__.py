"""The rules of the Chat Completions API, by what they look at."""
