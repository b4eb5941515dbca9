"""Real clients against a real server of several workers."""
