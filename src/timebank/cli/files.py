"""Files that people name on the command line: read and written with one clear sentence if that fails."""

from pathlib import Path

from timebank.errors import UnreadableFile, UnwritableFile

TEXT_MOST = 10_000_000


def read_text(file: Path) -> str:
    """Read a UTF-8 text file of at most ten million bytes.

    Raises:
        UnreadableFile: the file is not there, cannot be read, is too large or is not UTF-8.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(TEXT_MOST + 1)
        if len(content) > TEXT_MOST:
            raise UnreadableFile(file=file.name)
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UnreadableFile(file=file.name) from None


def write_text(file: Path, text: str) -> None:
    """Write a UTF-8 text file, all of it or none of it.

    Raises:
        UnwritableFile: the folder is not there or cannot be written, or the disk is full.
    """
    unfinished = file.with_name(f"{file.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise UnwritableFile(file=file.name) from None
