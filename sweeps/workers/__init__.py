"""The worker's side of a launch: one unit, its artifacts and its rows."""
