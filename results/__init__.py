"""What happened: schema, store, deltas, queries, tables. Imports nothing of ours, no torch, no ray."""
