"""The store of many hosts: a Redis or Valkey server that all of them use."""
