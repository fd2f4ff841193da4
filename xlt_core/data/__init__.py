"""From examples to token tables to packed batches."""

TOKENS_VERSION = 1
"""Raised when the same examples give other tokens, or when the file that caches them changes; part of every key."""
