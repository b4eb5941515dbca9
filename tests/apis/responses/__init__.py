"""Tests of llmsim/apis/responses."""
