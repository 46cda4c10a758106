"""What the data folder consists of, and where each file comes from: config/data_sources.yaml."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from biopose_ros.resources import resource_path

FILE = 'config/data_sources.yaml'


@dataclass(frozen=True)
class Repository:
    """
    A public repository.

    :param name: ``owner/name``.
    :param commit: 40 hexadecimal digits.
    :param licence: of the data.
    """

    name: str
    commit: str
    licence: str


@dataclass(frozen=True)
class SourcePath:
    """
    One file of a repository.

    :param repository: ``owner/name``.
    :param path: within it.
    """

    repository: str
    path: str

    @classmethod
    def parse(cls, text: str) -> SourcePath:
        """
        Read ``owner/name:path``.

        :param text: of the catalogue.
        """
        return cls(*text.split(':', 1))


@dataclass(frozen=True)
class DataFile:
    """
    One file of the data folder.

    :param name: relative to the folder.
    :param converter: that makes it.
    :param sha256: of its sources, joined in the order of their names.
    :param clips: name to ``file``, perhaps ``skeleton``, and what the converter needs to know.
    """

    name: str
    converter: str
    sha256: str
    clips: Mapping[str, Mapping[str, Any]]

    @property
    def sources(self) -> list[SourcePath]:
        """All files that it is made of, in the order of their names."""
        texts = {clip[key] for clip in self.clips.values() for key in ('file', 'skeleton')
                 if key in clip}  # fmt: skip
        return [SourcePath.parse(text) for text in sorted(texts)]

    def check(self, found: Mapping[SourcePath, Path]) -> None:
        """
        Compare the sources' checksum.

        :param found: where the sources lie.
        :raises ValueError: when they are not those of the catalogue.
        """
        digest = hashlib.sha256()
        for source in self.sources:
            digest.update(found[source].read_bytes())
        if digest.hexdigest() != self.sha256:
            raise ValueError(
                f'{self.name}: its sources have the checksum {digest.hexdigest()}, not '
                f'{self.sha256} as in {FILE}; remove them and fetch again'
            )


@dataclass(frozen=True)
class Catalogue:
    """
    All files.

    :param repositories: by name.
    :param files: in their order.
    """

    repositories: Mapping[str, Repository]
    files: tuple[DataFile, ...]


def read_catalogue(path: Path | None = None) -> Catalogue:
    """
    Read the catalogue.

    :param path: None for the one that ships.
    """
    values = yaml.safe_load((path or resource_path(FILE)).read_text(encoding='utf-8'))
    repositories = {
        name: Repository(name, **fields) for name, fields in values['repositories'].items()
    }
    files = tuple(DataFile(name, **fields) for name, fields in values['files'].items())
    return Catalogue(repositories, files)
