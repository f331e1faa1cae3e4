"""Write down what the migrations make on each engine, after changing one: `python -m tests.catalogue`."""

from importlib.resources import files
from pathlib import Path

from tests.postgres import a_database, a_server

from timebank.storage.catalogue import FILE, text_of
from timebank.storage.engine import engine_of, url_of
from timebank.storage.schema import upgrade
from timebank.storage.soundness import made_on_sqlite, objects_of


def made_on(address: str) -> str:
    """Return the text of the catalogue as the migrations make it in an empty database."""
    engine = engine_of(url_of(address))
    try:
        upgrade(engine)
        with engine.connect() as connection:
            return text_of(objects_of(connection))
    finally:
        engine.dispose()


if __name__ == "__main__":
    storage = Path(str(files("timebank.storage")))
    (storage / "sqlite" / FILE).write_text(text_of(made_on_sqlite()), encoding="utf-8")
    with a_server() as server, a_database(server) as fresh:
        (storage / "postgresql" / FILE).write_text(made_on(fresh), encoding="utf-8")
