"""The engine in Redis, beyond what every engine promises."""
