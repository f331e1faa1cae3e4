"""Fixtures of the tests that need a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.family import Family, a_family, copied


@pytest.fixture(scope="session")
def family_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bank of a family at the beginning, to be copied."""
    file = tmp_path_factory.mktemp("family") / "family.db"
    a_family(file).bank.close()
    return file


@pytest.fixture
def family(family_file: Path, tmp_path: Path) -> Iterator[Family]:
    """Return a family at the beginning; its books are proven at the end."""
    found = copied(family_file, tmp_path / "bank.db")
    yield found
    found.check()
    found.bank.close()
