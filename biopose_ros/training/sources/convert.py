"""Make the files of the data folder from their sources."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from biopose_ros.training.sources import acclaim, bvh, deepmimic, opensim_motion
from biopose_ros.training.sources.anthropometry import convert_survey
from biopose_ros.training.sources.catalogue import Catalogue, DataFile, SourcePath
from biopose_ros.training.sources.common_format import SourceClip, write_motion

Found = Mapping[SourcePath, Path]


def convert(file: DataFile, found: Found, catalogue: Catalogue, path: Path) -> None:
    """
    Convert one file; it appears whole or not at all.

    :param file: of the catalogue.
    :param found: where its sources lie.
    :param catalogue: that it is of.
    :param path: to write.
    :raises ValueError: where a source cannot be read, or the result breaks the format's promises.
    """
    file.check(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.converter == 'opensim':
        _opensim(file, found, catalogue, path)
    elif file.converter in _MOTION:
        read = _MOTION[file.converter]
        write_motion(path, [read(file, name, found) for name in file.clips])
    else:
        (source,) = file.sources
        _SINGLE[file.converter](found[source], path)


def _source(file: DataFile, name: str, key: str, found: Found) -> Path:
    return found[SourcePath.parse(file.clips[name][key])]


def _acclaim(file: DataFile, name: str, found: Found) -> SourceClip:
    bones, figure = _acclaim_figure(_source(file, name, 'skeleton', found))
    text = _source(file, name, 'file', found).read_text()
    return acclaim.read_clip(name, _activity(file, name), bones, figure, text)


@lru_cache
def _acclaim_figure(
    path: Path,
) -> tuple[dict[str, acclaim.Bone], acclaim.Figure]:
    bones = acclaim.read_skeleton(path.read_text())
    return bones, acclaim.figure_of(bones)


def _deepmimic(file: DataFile, name: str, found: Found) -> SourceClip:
    figure = _humanoid(_source(file, name, 'skeleton', found))
    text = _source(file, name, 'file', found).read_text()
    return deepmimic.read_clip(name, _activity(file, name), figure, text)


@lru_cache
def _humanoid(path: Path) -> deepmimic.Figure:
    return deepmimic.read_figure(path.read_text())


def _bvh(file: DataFile, name: str, found: Found) -> SourceClip:
    clip = file.clips[name]
    motion = bvh.read_bvh(_source(file, name, 'file', found).read_text())
    figure = bvh.figure_of(motion, bvh.DAZ)
    return bvh.read_clip(
        name, _activity(file, name), motion, bvh.DAZ, figure, clip['first'], clip['rate_hz']
    )


def _opensim(file: DataFile, found: Found, catalogue: Catalogue, path: Path) -> None:
    clips = []
    for name, fields in file.clips.items():
        source = SourcePath.parse(fields['file'])
        repository = catalogue.repositories[source.repository]
        told = f'{source.repository}@{repository.commit[:7]}:{source.path}'
        options = {key: fields[key] for key in fields.keys() - {'file', 'activity'}}
        clips.append(
            opensim_motion.read_clip(
                name, fields['activity'], told, repository.licence, found[source], **options
            )
        )
    opensim_motion.write_coordinates(path, clips)


def _copy(source: Path, path: Path) -> None:
    part = path.with_suffix('.part')
    shutil.copyfile(source, part)
    part.replace(path)


def _activity(file: DataFile, name: str) -> str:
    return str(file.clips[name].get('activity', name))


_MOTION: dict[str, Callable[[DataFile, str, Found], SourceClip]] = {
    'acclaim': _acclaim,
    'bvh': _bvh,
    'deepmimic': _deepmimic,
}
_SINGLE = {'ansur': convert_survey, 'copy': _copy}
