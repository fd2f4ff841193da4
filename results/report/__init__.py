"""A sweep's findings for people: one page, figures, tables for papers. Imports `results` and `results.statistics`."""
