"""What is added to a sweep that is there: values, seeds, languages, conditions, reruns."""
