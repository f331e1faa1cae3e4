"""Settings for every test: how hard Hypothesis tries, and how to repeat a failed run."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.postgres import a_database, a_server

# No deadlines anywhere: a slow machine is not a wrong program.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile(
    "nightly",
    deadline=None,
    max_examples=2_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """After a failure, say how to get the same order again: a quiet run hides the seed."""
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        seed = config.getoption("randomly_seed", default=None)
        terminalreporter.write_line(f"The same order again: pytest -n0 --randomly-seed={seed}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the address of a running PostgreSQL server, one for each worker."""
    with a_server() as address:
        yield address


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """Return the address of an empty database of one's own."""
    with a_database(postgres_server) as address:
        yield address
