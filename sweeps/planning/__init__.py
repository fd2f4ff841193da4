"""What a sweep has to do: its trials, and the stages that they share."""
