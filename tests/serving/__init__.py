"""Tests of llmsim/serving."""
