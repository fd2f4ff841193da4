"""One trial, start to finish: fine-tune an encoder, then score every language. Runs without ray."""
