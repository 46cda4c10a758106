"""Which recordings a batch is to work on, and where their results go."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from biopose_ros.files.frames import BAG_SUFFIXES

VIDEO_SUFFIXES = {'.mp4', '.mov', '.m4v', '.avi', '.mkv', '.webm', '.mpg', '.mpeg', '.wmv'}
SUMMARY = 'summary.json'


@dataclass(frozen=True)
class Recording:
    """
    One recording of a batch.

    :param source: file, absolute.
    :param out: folder for its results.
    """

    source: Path
    out: Path

    @property
    def is_done(self) -> bool:
        """Whether the results are there; they are moved there when they are whole."""
        return (self.out / SUMMARY).is_file()


def find_recordings(source: Path, out: Path) -> list[Recording]:
    """
    List the recordings of a batch, each with a folder of its own for the results.

    :param source: a folder, searched with all its folders, or a text file with one path a line
        (relative to the file; empty lines and those that begin with # do not count).
    :param out: folder of the batch.
    :returns: in the order of their names, or of the list.
    :raises ValueError: when there is nothing.
    """
    paths = _listed(source) if source.is_file() else _in_folder(source, out)
    if not paths:
        kinds = ' '.join(sorted(VIDEO_SUFFIXES | BAG_SUFFIXES))
        raise ValueError(f'{source}: no recordings (looked for {kinds})')
    names = [path.stem for path in paths]
    count = Counter(names)
    taken: set[str] = set()
    recordings = []
    for path, name in zip(paths, names, strict=True):
        if count[name] > 1:  # walk.mp4 of two days: the folder tells them apart
            name = f'{path.parent.name}_{name}'
        free = (f'{name}_{number}' if number > 1 else name for number in itertools.count(1))
        name = next(candidate for candidate in free if candidate not in taken)
        taken.add(name)
        recordings.append(Recording(path, out / name))
    return recordings


def _in_folder(folder: Path, out: Path) -> list[Path]:
    suffixes = VIDEO_SUFFIXES | BAG_SUFFIXES
    files = (path for path in folder.rglob('*') if path.suffix.lower() in suffixes)
    return sorted(path.resolve() for path in files if out.resolve() not in path.resolve().parents)


def _listed(file: Path) -> list[Path]:
    lines = [line.strip() for line in file.read_text().splitlines()]
    return [(file.parent / line).resolve() for line in lines if line and not line.startswith('#')]
