"""The parts of the page, each from the evidence to blocks of text, tables and claims; templates lay them out."""
