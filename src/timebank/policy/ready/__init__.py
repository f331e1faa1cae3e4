"""Ready-made policies of real schemes, each a document with its sources."""
