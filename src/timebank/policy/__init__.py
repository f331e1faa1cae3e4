"""The policy: a branch's rules as one versioned document. Pure.

`model` has the rules as types with their defaults and `words` the words they choose from; `document` reads a
TOML document, `writing` writes one, `changes` compares two, `rules` applies them, `reference` writes the page
of documentation. `specs` and `sections` let `model` say once, for all of these, what a key may hold.
"""
