"""Tests of llmsim/playback."""
