"""Searches that propose cells while the sweep runs."""
