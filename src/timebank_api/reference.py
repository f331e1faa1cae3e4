"""Write down what the service says of itself: `python -m timebank_api.reference` writes docs/openapi.json."""

import json
from pathlib import Path

from timebank_api.app import create_app
from timebank_api.description import describe
from timebank_api.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def openapi_text() -> str:
    """Return the description as it is committed."""
    document = describe(create_app(Settings(address="sqlite:///none.db")))
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(folder: Path = DOCS) -> None:
    """Write it into a folder."""
    (folder / "openapi.json").write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
