"""Changes of texts, example by example, that keep the labels. No torch here."""
