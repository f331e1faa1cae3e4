"""The use cases: load, decide in the core, save, return. One class for each noun."""
