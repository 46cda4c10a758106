"""Which points of the body another detector's keypoints are."""

from __future__ import annotations

from dataclasses import dataclass

from biopose_ros.keypoints.detected import DetectedKeypoints
from biopose_ros.keypoints.formats import POINTS
from biopose_ros.records import FloatArray


@dataclass(frozen=True, eq=False)
class BodyPoints:
    """
    Points of the body seen in an image: targets for the refinement.

    :param markers: [points], virtual markers (see ``config/markers``).
    :param px: [persons, points, 2], full image; NaN where unknown.
    :param confidence: [persons, points], 0 to 1; 0 where unknown.
    """

    markers: tuple[str, ...]
    px: FloatArray
    confidence: FloatArray


def foreign_to_body(detected: DetectedKeypoints) -> BodyPoints:
    """
    Name the virtual marker at the place of each keypoint.

    Points that are only the mean of others (neck, middle of the hips) are left out.

    :param detected: of one image.
    """
    used = [index for index, name in enumerate(detected.names) if POINTS[name].marker]
    return BodyPoints(
        tuple(POINTS[detected.names[index]].marker for index in used),
        detected.keypoints_px[:, used],
        detected.confidence[:, used],
    )
