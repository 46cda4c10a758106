"""
Windows of real videos, so that the detector does not forget photographs.

They have no labels: the published networks follow the persons through the video, and what the
landmark network finds of those it is sure of is what the detector should find. Where the published
detector sees somebody whom the landmark network does not confirm, the answer is left open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.person_detector import INPUT_PX, PersonDetector
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.video import open_frames
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.pretrained.networks import network_file
from biopose_ros.records import FloatArray, PersonCrop, TrackingState
from biopose_ros.settings import DetectionConfig
from biopose_ros.training.detector.windows import PERSON_SHARES, LabelledWindow

_LARGEST_SIDE_PX = 1280
_SKIPPED = 10  # frames at the start, until everybody is followed
_HEIGHT_OVER_RADIUS = 1.8  # a standing person, hips in the middle of the circle
_SHOULDERS = [landmark_index(f'{side}_shoulder') for side in ('left', 'right')]
_HIPS = [landmark_index(f'{side}_hip') for side in ('left', 'right')]
_FACE = [landmark_index(name) for name in ('nose', 'left_eye', 'right_eye')]
_ARMS = [landmark_index(f'{s}_{j}') for s in ('left', 'right') for j in ('elbow', 'wrist')]
# As training/detector/truth.py has them: middle of the box between shoulders and face, its side
# over the distance from shoulders to face (0.65 m over 0.24 m); reach of the body beyond the
# outermost landmarks.
_TOWARDS_FACE, _BOX_OVER_NECK, _BOX_OVER_RADIUS = 0.45, 2.7, 0.45
_BEYOND = 1.1


@dataclass(frozen=True)
class RealFrame:
    """
    A frame and who is in it.

    :param image_bgr: [height, width, 3] uint8.
    :param points_px: [persons, 6, 2], see :class:`~.truth.PersonTruth`.
    :param is_sure: [persons], False where only the published detector sees somebody.
    """

    image_bgr: NDArray[np.uint8]
    points_px: FloatArray
    is_sure: NDArray[np.bool_]


def follow_video(path: Path, step: int = 5) -> list[RealFrame]:
    """
    Let the published networks label a video.

    :param path: of the video.
    :param step: every n-th frame is kept.
    :returns: labelled frames, at most 1280 pixels wide or high.
    :raises NetworkFileError: when the networks are not imported.
    """
    tracker = PersonTracker(DetectionConfig(threads=1, min_presence=0.6), 'cpu')
    published = PersonDetector('cpu', 1, network=network_file('pose_detection.onnx'))
    tracker.detector = published
    frames = []
    for number, frame in enumerate(open_frames(path)):
        image = _shrunk(frame.image_bgr)
        persons = tracker.update(image, frame.stamp_ns)
        if number >= _SKIPPED and number % step == 0:
            frames.append(_labelled(image, persons, published))
    return frames


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(_LARGEST_SIDE_PX / max(image.shape[:2]), 1.0)
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _labelled(
    image: NDArray[np.uint8], persons: Sequence[PersonCrop], published: PersonDetector
) -> RealFrame:
    seen = [p for p in persons if p.state in (TrackingState.TRACKED, TrackingState.OCCLUDED)]
    points = [person_points(person.keypoints_px) for person in seen]
    sure = [person.state == TrackingState.TRACKED for person in seen]
    for found in published.detect(image):
        hips = found.crop.center_px
        radius = found.crop.size_px / 2.5
        if all(np.linalg.norm(known[2] - hips) > 0.5 * radius for known in points):
            corners = found.face_xyxy_px.reshape(2, 2)
            points.append(np.stack([*corners, hips, hips - [0, radius], hips, hips]))
            sure.append(False)
    return RealFrame(image, np.array(points).reshape(-1, 6, 2), np.array(sure, bool))


def person_points(keypoints_px: FloatArray) -> FloatArray:
    """
    Make the detector's points of landmarks.

    :param keypoints_px: [33, 2].
    :returns: [6, 2], see :class:`~.truth.PersonTruth`.
    """
    hips, shoulders = keypoints_px[_HIPS].mean(0), keypoints_px[_SHOULDERS].mean(0)
    face = keypoints_px[_FACE].mean(0)
    axis = shoulders - hips
    axis = axis / (np.linalg.norm(axis) + 1e-6)
    radius = _BEYOND * np.linalg.norm(keypoints_px - hips, axis=1).max()
    upper = _BEYOND * np.linalg.norm(keypoints_px[[*_FACE, *_ARMS]] - shoulders, axis=1).max()
    half = 0.5 * min(_BOX_OVER_NECK * np.linalg.norm(face - shoulders), _BOX_OVER_RADIUS * radius)
    half = max(half, 0.25 * _BOX_OVER_RADIUS * radius)
    middle = shoulders + _TOWARDS_FACE * (face - shoulders)
    return np.stack(
        [middle - half, middle + half, hips, hips + radius * axis,
         shoulders, shoulders + upper * axis]
    )  # fmt: skip


def real_window(random: np.random.Generator, frame: RealFrame) -> LabelledWindow:
    """
    Cut a window out of a frame, around a person or anywhere.

    :param random: source of chance.
    :param frame: to cut from.
    :returns: the window.
    """
    height, width = frame.image_bgr.shape[:2]
    size = np.array([width, height], np.float64)
    middle, person_px = random.uniform(0, size), random.uniform(0.1, 0.6) * size.min()
    if frame.is_sure.any() and random.random() < 0.8:
        points = frame.points_px[random.choice(np.flatnonzero(frame.is_sure))]
        middle = points[2]
        person_px = _HEIGHT_OVER_RADIUS * np.linalg.norm(points[3] - points[2])
    side = person_px / np.exp(random.uniform(*np.log(PERSON_SHARES)))
    corner = np.clip(middle - side * random.uniform(0.1, 0.9, 2), 0, np.maximum(size - side, 0))
    if side > size.min():  # the whole image, in the middle of the input
        side = float(size.max())
        corner = (size - side) / 2
    scale = INPUT_PX / side
    small = cv2.resize(
        frame.image_bgr, None, fx=min(scale, 1), fy=min(scale, 1), interpolation=cv2.INTER_AREA
    )
    matrix = np.array(
        [[max(scale, 1), 0, -corner[0] * scale], [0, max(scale, 1), -corner[1] * scale]]
    )
    image = cv2.warpAffine(small, matrix, (INPUT_PX, INPUT_PX))
    points = (frame.points_px - corner) * scale
    is_in = np.all((points[:, 2] > 0) & (points[:, 2] < INPUT_PX), axis=1)
    visible = np.where(frame.is_sure & is_in, 1.0, 0.0)
    return LabelledWindow(np.asarray(image, np.uint8), points, visible)
