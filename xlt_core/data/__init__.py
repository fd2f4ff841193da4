"""From examples to token tables to packed batches."""
