"""What another detector found in one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.keypoints.formats import POINTS
from biopose_ros.records import FloatArray

# AlphaPose's confidences overshoot 1 a little, COCO annotations mark visible points by 2.
MAX_CONFIDENCE = 2.0


class KeypointError(ValueError):
    """Keypoints that cannot be used; names where they come from, the value and the remedy."""


@dataclass(frozen=True, eq=False)
class DetectedKeypoints:
    """
    The keypoints of all persons in one image; unknown ones are NaN with confidence 0.

    :param names: [points], of :data:`biopose_ros.keypoints.formats.POINTS`.
    :param keypoints_px: [persons, points, 2], full image, x right, y down.
    :param confidence: [persons, points], 0 to 1.
    :param stamp_ns: of the image.
    """

    names: tuple[str, ...]
    keypoints_px: FloatArray
    confidence: FloatArray
    stamp_ns: int


def detected_keypoints(
    names: tuple[str, ...],
    keypoints_px: FloatArray,
    confidence: FloatArray,
    stamp_ns: int,
    source: str,
) -> DetectedKeypoints:
    """
    Check keypoints from outside, and mark all unknown points in the same way.

    A confidence of 0 or a value that is not finite means unknown, whatever the pixels say:
    detectors write 0, 0, 0 for what they do not see.

    :param names: [points].
    :param keypoints_px: [persons, points, 2].
    :param confidence: [persons, points]; up to 2 counts as 1.
    :param stamp_ns: of the image.
    :param source: file or topic, for messages.
    :raises KeypointError: on unknown or repeated names, wrong sizes, or other confidences.
    """
    _check_names(names, source)
    keypoints_px = np.asarray(keypoints_px, np.float64)
    confidence = np.asarray(confidence, np.float64)
    expected = (len(keypoints_px), len(names))
    if keypoints_px.shape != (*expected, 2) or confidence.shape != expected:
        raise KeypointError(
            f'{source}: {len(names)} names, but keypoints {keypoints_px.shape} and confidences '
            f'{confidence.shape}; expected [persons, points, 2] and [persons, points]'
        )
    known = confidence[np.isfinite(confidence)]
    if np.any((known < 0) | (known > MAX_CONFIDENCE)):
        wrong = known[(known < 0) | (known > MAX_CONFIDENCE)][0]
        raise KeypointError(
            f'{source}: a confidence is {wrong:g}; write 0 (unknown) to 1 for each point, '
            'in the order x, y, confidence'
        )
    is_known = np.isfinite(confidence) & (confidence > 0) & np.isfinite(keypoints_px).all(axis=-1)
    return DetectedKeypoints(
        names,
        np.where(is_known[..., None], keypoints_px, np.nan),
        np.where(is_known, np.minimum(confidence, 1.0), 0.0),
        stamp_ns,
    )


def _check_names(names: tuple[str, ...], source: str) -> None:
    unknown = [name for name in names if name not in POINTS]
    if unknown:
        raise KeypointError(
            f'{source}: unknown keypoint {unknown[0]!r}; known are {", ".join(sorted(POINTS))}'
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise KeypointError(f'{source}: keypoint {twice!r} is named twice; name each point once')
