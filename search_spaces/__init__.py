"""What we might try: the schema of a space, its axes, and ready-made spaces."""
