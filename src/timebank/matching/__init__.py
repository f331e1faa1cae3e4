"""Matching: who can help whom, how well, and why not. Pure; numpy for batches only."""
