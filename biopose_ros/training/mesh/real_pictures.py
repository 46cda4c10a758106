"""Real persons cut out of photos and videos, without labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.video import open_frames
from biopose_ros.inference.crops import cut_out
from biopose_ros.mesh_recovery.encoders import CROP_PX
from biopose_ros.records import Crop, TrackingState
from biopose_ros.settings import DetectionConfig

# Every n-th frame of a video is kept; a photo is repeated until its tracks are confirmed.
_STEP, _LOOKS = 5, 6
_VERSIONS = 2  # crops of one person in one picture
_FRAME_NS = 33_333_333


def person_pictures(paths: Sequence[Path], seed: int = 0) -> NDArray[np.uint8]:
    """
    Cut persons out as the tracker sees them, each a little moved, turned and scaled.

    :param paths: videos, and folders of photos.
    :param seed: of the moves.
    :returns: [pictures, 256, 256, 3], blue, green, red.
    :raises NetworkFileError: when the networks are not imported.
    :raises ValueError: when no person is seen.
    """
    random = np.random.default_rng(seed)
    tracker = PersonTracker(DetectionConfig(threads=1), 'cpu')
    pictures = []
    for path in paths:
        sightings = _in_photos if path.is_dir() else _in_video
        for image, crops in sightings(tracker, path):
            moved = [_moved(random, crop) for crop in crops for _ in range(_VERSIONS)]
            out = np.empty((len(moved), CROP_PX, CROP_PX, 3), np.uint8)
            cut_out(image, moved, CROP_PX, out)
            pictures.append(out)
    if not sum(len(some) for some in pictures):
        names = ', '.join(map(str, paths))
        raise ValueError(f'no person was found in {names}; give photos or videos of persons')
    return np.concatenate(pictures)


_Sightings = Iterator[tuple[NDArray[np.uint8], list[Crop]]]


def _in_video(tracker: PersonTracker, path: Path) -> _Sightings:
    tracker.reset()
    for number, frame in enumerate(open_frames(path)):
        crops = _tracked(tracker, frame.image_bgr, frame.stamp_ns)
        if number % _STEP == 0:
            yield frame.image_bgr, crops


def _in_photos(tracker: PersonTracker, folder: Path) -> _Sightings:
    for frame in open_frames(folder, rate_hz=1.0):  # any rate: photos have none
        tracker.reset()
        looks = (_tracked(tracker, frame.image_bgr, n * _FRAME_NS) for n in range(_LOOKS))
        yield frame.image_bgr, next(islice(looks, _LOOKS - 1, None))


def _tracked(tracker: PersonTracker, image: NDArray[np.uint8], stamp_ns: int) -> list[Crop]:
    persons = tracker.update(image, stamp_ns)
    return [person.crop for person in persons if person.state == TrackingState.TRACKED]


def _moved(random: np.random.Generator, crop: Crop) -> Crop:
    return Crop(
        crop.center_px + random.normal(0, 0.03, 2) * crop.size_px,
        crop.size_px * float(np.exp(random.normal(0, 0.08))),
        crop.angle_rad + float(random.normal(0, 0.1)),
    )
