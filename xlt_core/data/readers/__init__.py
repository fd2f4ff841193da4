"""Reading labelled data: local files in known layouts, and the hub's data sets. No torch here."""
