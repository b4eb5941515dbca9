"""Exactness of the order, with real processes.

Many clients, workers that die, restart and reload, and a store that is killed in mid-write.
"""
