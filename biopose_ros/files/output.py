"""Writing so that what lies on the disk is whole at any moment, and mistakes name their remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Files are made in this folder beside their place, and moved there in one step.
NEW_FOLDER = '.new'
_REMEDIES = {
    errno.ENOSPC: 'the disk is full; free some space, and complete the results so far with '
    '"biopose finish"',
    errno.EACCES: 'no permission to write; choose another folder, or change its owner',
    errno.ENOTDIR: 'a file is where a folder is needed; choose another folder',
}
_REMEDIES[errno.EDQUOT] = _REMEDIES[errno.EFBIG] = _REMEDIES[errno.ENOSPC]
_REMEDIES[errno.EPERM] = _REMEDIES[errno.EROFS] = _REMEDIES[errno.EACCES]
_REMEDIES[errno.EEXIST] = _REMEDIES[errno.ENOTDIR]


class OutputError(OSError):
    """A file that cannot be written; names it and the remedy."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """
    Say which file cannot be written, and what to do.

    :param path: what is written inside the ``with`` block.
    :raises OutputError: in place of the system's own errors.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        code = error.errno or 0
        remedy = _REMEDIES.get(code, f'{error.strerror or error}; choose another folder')
        raise OutputError(f'{path}: {remedy}') from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """
    Write a file anew; a reader finds the old one or the whole new one.

    :param path: the file.
    :returns: where to write it, under the same name.
    :raises OutputError: when it cannot be written; then the old one stays.
    """
    folder = path.parent / NEW_FOLDER
    with writing(path):
        folder.mkdir(exist_ok=True)
        new = folder / path.name
        try:
            yield new
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
            with suppress(OSError):  # another file is being made beside it
                folder.rmdir()
