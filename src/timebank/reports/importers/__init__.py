"""Importers: what other systems export, read row by row (pure).

`layouts` has one function per job; every other module serves it. Rows come out as they were
written there: no limit and no overlap rule is asked here.
"""
