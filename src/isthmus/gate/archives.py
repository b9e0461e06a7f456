"""Archives (`.npz`, torch files): what they say they unpack to, before anything is unpacked."""

import zipfile
from typing import IO

from isthmus.errors import InputError
from isthmus.gate.limits import refuse_bomb, refuse_more

MAGIC = b"PK\x03\x04"


def is_archive(stream: IO[bytes]) -> bool:
    """Whether a file begins as a zip archive; the stream is left at its beginning."""
    begin = stream.read(len(MAGIC))
    stream.seek(0)
    return begin == MAGIC


def refuse_archive_bomb(archive: zipfile.ZipFile, packed: int, where: str) -> None:
    """Refuse an archive of too many entries, or of entries that are too large together.

    Args:
        archive: Opened.
        packed: Its bytes.
        where: What to call it.

    Raises:
        InputError: It goes beyond a limit, or has two entries of one name, of which readers take different ones.
    """
    entries = archive.infolist()
    refuse_more("entries", len(entries), where)
    if len({entry.filename for entry in entries}) < len(entries):
        raise InputError("entries of different names", "two of one name", where, "check the file's origin")
    # Entries may lie over one another, so that the archive's length says nothing about their number.
    refuse_bomb(sum(entry.file_size for entry in entries), packed, where)
