"""Tests of the APIs: what a request may say, what an answer repeats, how an error looks."""
