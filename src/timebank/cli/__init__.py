"""The command line: parse, call one use case, print. It imports no web framework and no database library."""
