"""`python -m timebank`: the same as `timebank`."""

from timebank.cli.start import run

if __name__ == "__main__":
    run()
