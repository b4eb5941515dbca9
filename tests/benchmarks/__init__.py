"""Benchmarks: `python -m tests.benchmarks --help`.

A new one is one new file and one line of `BENCHMARKS`.
"""
