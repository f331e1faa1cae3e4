"""How is the bank doing? Figures of who helped whom, each of which reconciles with the journal. Pure."""
