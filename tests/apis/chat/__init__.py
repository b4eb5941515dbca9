"""Tests of llmsim/apis/chat."""
