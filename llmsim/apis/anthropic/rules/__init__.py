"""The rules of the Anthropic API, by what they look at."""
