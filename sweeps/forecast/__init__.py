"""What a sweep will take, and what it will be able to see."""
