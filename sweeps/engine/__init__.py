"""The driver's side of a launch: what runs next, where, and what came of it."""
