"""Can the promise be kept? What is owed, what is given, and what may come of it. Pure."""
