"""The embedded multilingual world: small languages with known relations, for trying everything without a download."""

WORLD_VERSION = 1
"""Raised when the same seed gives another world; part of every key that reads it."""
