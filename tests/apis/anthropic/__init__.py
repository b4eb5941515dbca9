"""Tests of llmsim/apis/anthropic."""
