"""Recorded 2D keypoints: OpenPose's folder of JSON files, COCO results, AlphaPose's Halpe."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from biopose_ros.keypoints.detected import DetectedKeypoints, KeypointError, detected_keypoints
from biopose_ros.keypoints.formats import FORMATS
from biopose_ros.records import FloatArray

_LAST_NUMBER = re.compile(r'(\d{1,18})\D*$')
# JSON knows integers of any length; those beyond any image are no pixels.
MAX_NUMBER = 1e9
_BY_COUNT = {len(names): name for name, names in FORMATS.items()}
_SIZES = ', '.join(f'{3 * len(names)} ({name})' for name, names in FORMATS.items())


@dataclass(frozen=True, eq=False)
class KeypointRecording:
    """
    The keypoints of a recording, image by image.

    :param path: where they come from.
    :param format_name: of :data:`biopose_ros.keypoints.formats.FORMATS`.
    :param images: by number of the image, from 0: [persons, points, 3], x, y in pixels and
        confidence.
    """

    path: Path
    format_name: str
    images: dict[int, FloatArray]

    def at(self, index: int, stamp_ns: int) -> DetectedKeypoints | None:
        """
        Give the keypoints of an image.

        :param index: number of the image in the recording, from 0.
        :param stamp_ns: of the image.
        :returns: None where no person was found in it.
        """
        values = self.images.get(index)
        if values is None:
            return None
        names = FORMATS[self.format_name]
        return detected_keypoints(
            names, values[..., :2], values[..., 2], stamp_ns, f'{self.path}, image {index}'
        )

    def check_length(self, frame_count: int | None) -> None:
        """
        Make sure that the numbers can be those of a video's images.

        :param frame_count: of the video, None where unknown.
        :raises KeypointError: when a number is too large.
        """
        last = max(self.images, default=0)
        if frame_count is not None and last >= frame_count:
            raise KeypointError(
                f'{self.path}: holds keypoints of image {last}, but there are only {frame_count} '
                'images; number them from 0, and give the keypoints of this recording'
            )


def read_keypoints(path: Path | str) -> KeypointRecording:
    """
    Read keypoints that another detector has written.

    :param path: a folder of OpenPose files ``<name>_<number>_keypoints.json``, or one JSON file of
        COCO results (``image_id``, ``keypoints``), as AlphaPose writes it, too.
    :raises KeypointError: when it is neither; the text names file, value and remedy.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise KeypointError(f'{path}: no such file or folder; check the path')
    persons = _openpose_persons(path) if path.is_dir() else _coco_persons(path)
    sizes = {len(values) for _, values, _ in persons}
    if len(sizes) > 1:
        raise KeypointError(
            f'{path}: persons have {min(sizes)} and {max(sizes)} numbers; write one format only'
        )
    count, rest = divmod(sizes.pop() if sizes else 3 * len(FORMATS['BODY_25']), 3)
    if rest or count not in _BY_COUNT:
        source, values = persons[0][2], persons[0][1]
        raise KeypointError(
            f'{source}: {len(values)} numbers a person; expected x, y and confidence of each '
            f'point, that is {_SIZES}'
        )
    images: dict[int, list[FloatArray]] = {}
    for number, values, source in persons:
        images.setdefault(number, []).append(_numbers(values, source).reshape(count, 3))
    recording = KeypointRecording(
        path, _BY_COUNT[count], {number: np.stack(images[number]) for number in sorted(images)}
    )
    for number in recording.images:  # whatever is wrong shows now, not in the middle of a run
        recording.at(number, 0)
    return recording


_Person = tuple[int, list[Any], str]  # number of the image, numbers, and where they stand


def _openpose_persons(folder: Path) -> list[_Person]:
    files = sorted(folder.glob('*_keypoints.json'))
    if not files:
        raise KeypointError(
            f'{folder}: no file *_keypoints.json; give the folder that OpenPose wrote '
            '(--write_json), or the one JSON file of another detector'
        )
    persons: list[_Person] = []
    for file in files:
        content = _json(file)
        people = content.get('people') if isinstance(content, dict) else None
        if not isinstance(people, list):
            raise KeypointError(
                f'{file}: has no list "people"; write it with OpenPose (--write_json)'
            )
        number = _image_number(file.name.removesuffix('_keypoints.json'), str(file))
        for place, person in enumerate(people):
            source = f'{file}, person {place}'
            persons.append((number, _list(person, 'pose_keypoints_2d', source), source))
    return persons


def _coco_persons(file: Path) -> list[_Person]:
    content = _json(file)
    if isinstance(content, dict) and 'people' in content:
        raise KeypointError(
            f'{file}: holds one image of OpenPose; give the folder with the files of all images'
        )
    if not isinstance(content, list):
        raise KeypointError(
            f'{file}: expected a list of persons with "image_id" and "keypoints" (COCO results, '
            f'AlphaPose), got {type(content).__name__}'
        )
    persons: list[_Person] = []
    for place, person in enumerate(content):
        source = f'{file}, entry {place}'
        values = _list(person, 'keypoints', source)
        persons.append((_image_number(person.get('image_id'), source), values, source))
    return persons


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError) as error:
        raise KeypointError(
            f'{file}: not a readable JSON file ({error}); write it again'
        ) from error


def _list(person: Any, key: str, source: str) -> list[Any]:
    values = person.get(key) if isinstance(person, dict) else None
    if not isinstance(values, list):
        raise KeypointError(f'{source}: has no list "{key}"; x, y, confidence of each point')
    return values


def _image_number(name: Any, source: str) -> int:
    """Take a number, or the last digits of a file name."""
    if isinstance(name, int) and not isinstance(name, bool) and name >= 0:
        return name
    found = _LAST_NUMBER.search(Path(name).stem) if isinstance(name, str) else None
    if found is None:
        raise KeypointError(
            f'{source}: {name!r} names no image; number the images from 0, for example "12.jpg"'
        )
    return int(found.group(1))


def _numbers(values: list[Any], source: str) -> FloatArray:
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or MAX_NUMBER < abs(value) < math.inf:
            raise KeypointError(
                f'{source}: {value!r:.40} is no number; write x, y, confidence of each point'
            )
    return np.array(values, dtype=np.float64)
