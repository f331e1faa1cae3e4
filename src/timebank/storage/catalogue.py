"""What a database says is in it: the objects of our schema, one text for each.

The least privileged role on a server cannot make a second schema to compare with, and to make one on SQLite
takes half a second. So what the migrations make ships as data files; `python -m tests.catalogue` writes them,
and a test says when that is due. The texts are the same on every supported version of the engines.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.engine import Connection

from timebank.storage import (
    tables,
    tables_access,
    tables_audit,
    tables_care,
    tables_events,
    tables_identity,
    tables_life,
    tables_listings,
    tables_log,
    tables_matches,
    tables_profiles,
    tables_sign_in,
)
from timebank.storage.columns import Row

FILE: Final = "expected.json"
MODELS: Final = (
    tables,
    tables_access,
    tables_audit,
    tables_care,
    tables_events,
    tables_identity,
    tables_life,
    tables_listings,
    tables_log,
    tables_matches,
    tables_profiles,
    tables_sign_in,
)
"""What has told the metadata of every table."""
BIG: Final = frozenset({"posting"})
"""Tables whose foreign keys are not asked for: the audit of the journal looks at each line's account."""

Objects = Mapping[tuple[str, str], str]
"""The text of every object of a schema, by type and name."""


def objects_of(connection: Connection) -> Objects:
    """Return what is in the current schema of a connection; white space says nothing."""
    rows = connection.exec_driver_sql(text_in("objects.sql"))
    return {(str(kind), str(name)): " ".join(str(words).split()) for kind, name, words in rows}


@cache
def expected_objects(dialect: str) -> Objects:
    """Return what the migrations make on an engine, `sqlite` or `postgresql`."""
    stored: dict[str, dict[str, str]] = json.loads(text_in(FILE, dialect))
    return {(kind, name): words for kind, names in stored.items() for name, words in names.items()}


def text_of(objects: Objects) -> str:
    """Return the data file of these objects."""
    nested: dict[str, dict[str, str]] = defaultdict(dict)
    for kind, name in sorted(objects):
        nested[kind][name] = objects[kind, name]
    return json.dumps(nested, indent=1, ensure_ascii=False) + "\n"


def damages(connection: Connection) -> Iterator[str]:
    """Yield keys and indexes that do not keep what they promise, and rows that break a foreign key."""
    for (sentence,) in connection.exec_driver_sql(text_in("damages.sql")):
        yield str(sentence)
    for table in Row.metadata.sorted_tables:
        for key in () if table.name in BIG else table.foreign_key_constraints:
            parent = key.referred_table.alias()
            pairs = (part.parent == parent.c[part.column.name] for part in key.elements)
            orphans = select(func.count()).select_from(table).where(~exists().where(*pairs))
            for _ in range(connection.execute(orphans).scalar_one()):
                yield f"a row of {table.name} points to no row of {key.referred_table.name}"


@cache
def text_in(name: str, dialect: str = "postgresql") -> str:
    """Return a file of ours about an engine."""
    return files("timebank.storage").joinpath(dialect, name).read_text(encoding="utf-8")
