"""Scores of predictions, 0 to 100. One file a family; this table names each metric."""
