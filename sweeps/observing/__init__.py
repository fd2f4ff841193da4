"""What people and programs see of a sweep while it runs and afterwards."""
