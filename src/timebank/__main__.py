"""`python -m timebank`: the same as `timebank`."""

from timebank.cli.main import run

if __name__ == "__main__":
    run()
