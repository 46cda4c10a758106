"""Bring the sources here with git, and make the data folder of them; goes on where it stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from biopose_ros.training.sources.catalogue import (
    Catalogue,
    DataFile,
    Repository,
    SourcePath,
)
from biopose_ros.training.sources.convert import convert

_HOST = 'https://github.com'
NOTE = 'SOURCES.json'
_CHECKOUTS = '.sources'


class FetchError(RuntimeError):
    """A source that could not be brought here; the message names it and the remedy."""


def take_from(folder: Path, out: Path) -> list[str]:
    """
    Copy the data files that lie elsewhere already.

    :param folder: with motion/, reference/ and real/, or some of them.
    :param out: the data folder; files that it has stay.
    :returns: names of the files taken.
    :raises FetchError: when there is nothing to take.
    """
    kinds = {'motion': '*.npz', 'reference': '*.csv', 'real': '**/*'}
    found = [
        path
        for name, pattern in kinds.items()
        for path in sorted((folder / name).glob(pattern))
        if path.is_file()
    ]
    if not found:
        raise FetchError(f'{folder} holds no motion/*.npz, reference/*.csv or real/')
    taken = []
    for path in found:
        name = path.relative_to(folder)
        if not (out / name).exists():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            part = out / name.with_name(name.name + '.part')
            shutil.copyfile(path, part)
            part.replace(out / name)
            taken.append(str(name))
    return taken


def fetch_missing(
    catalogue: Catalogue, out: Path, tell: Callable[[str], None] = lambda line: None
) -> None:
    """
    Fetch and convert every file that is not there.

    :param catalogue: of all files.
    :param out: the data folder.
    :param tell: called with a line before each step.
    :raises FetchError: when git cannot bring a repository.
    :raises ValueError: when a source is not the one that it should be, or cannot be converted.
    """
    out.mkdir(parents=True, exist_ok=True)
    missing = [file for file in catalogue.files if not (out / file.name).exists()]
    total = len(catalogue.files)
    tell(f'{total - len(missing)} of {total} files are there')
    for file in missing:
        found: dict[SourcePath, Path] = {}
        wanted = file.sources
        for name in dict.fromkeys(source.repository for source in wanted):
            repository = catalogue.repositories[name]
            paths = [source.path for source in wanted if source.repository == name]
            place = out / _CHECKOUTS / name.replace('/', '+')
            if not all((place / path).exists() for path in paths):
                tell(f'{file.name}: fetching {len(paths)} files of {name} at {repository.commit}')
                check_out(repository, place, paths)
            found |= {SourcePath(name, path): place / path for path in paths}
        tell(f'{file.name}: converting {len(file.clips)} {file.converter} sources')
        convert(file, found, catalogue, out / file.name)
        _note_source(file, catalogue, out)


def check_out(repository: Repository, place: Path, paths: Iterable[str]) -> None:
    """
    Bring some files of one commit, and nothing else of the repository.

    :param repository: which.
    :param place: folder of the checkout; it keeps what it has.
    :param paths: within the repository.
    :raises FetchError: when git cannot.
    """
    url = f'{_HOST}/{repository.name}.git'
    place.mkdir(parents=True, exist_ok=True)
    if not (place / '.git').exists():
        _git(place, 'init', '--quiet')
        _git(place, 'remote', 'add', 'origin', url)
        _git(place, 'config', 'remote.origin.promisor', 'true')
        _git(place, 'config', 'remote.origin.partialclonefilter', 'blob:none')
        _git(place, 'config', 'core.autocrlf', 'false')
    try:
        _git(place, 'fetch', '--quiet', '--depth=1', '--filter=blob:none', 'origin',
             repository.commit)  # fmt: skip
        _git(place, 'checkout', '--quiet', repository.commit, '--', *paths)
    except FetchError as error:
        raise FetchError(
            f'{url} at {repository.commit}: {error}; check the network and start again, or give '
            'the data with --from FOLDER'
        ) from None


def _git(place: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(
            ['git', '-C', str(place), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise FetchError('git is not installed') from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f'git ended with {done.returncode}']
        raise FetchError(lines[-1])


def _note_source(file: DataFile, catalogue: Catalogue, out: Path) -> None:
    """Tell beside the data where a file came from, and under which licence."""
    path = out / NOTE
    note = json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
    names = sorted({source.repository for source in file.sources})
    note[file.name] = [asdict(catalogue.repositories[name]) for name in names]
    path.write_text(json.dumps(note, indent=2) + '\n', encoding='utf-8')
