"""What the scores and predictions of a sweep say, with how sure one can be: numbers in, tables out."""
