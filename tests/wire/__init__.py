"""Goldens of the exact bytes on the wire, and what official SDKs make of them."""
