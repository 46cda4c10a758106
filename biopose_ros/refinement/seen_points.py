"""Points on a recovered body, each with its place in the image: what refinement fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.keypoints.formats import POINTS
from biopose_ros.keypoints.landmark_points import foreign_stddev_m
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import Camera, FloatArray, ForeignPoints, PersonCrop
from biopose_ros.refinement.landmark_points import LandmarkPlaces
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

# Confidence from which a landmark of ours, or a point of another detector, is used.
LEAST_CONFIDENCE, _LEAST_FOREIGN = 0.7, 0.3


@dataclass(frozen=True)
class SeenPoints:
    """
    Points that are seen, and sure enough.

    :param points_m: [points, 3], on the recovered body, camera axes.
    :param joints: [points], the joint whose bone carries each.
    :param px: [points, 2], full image.
    :param stddev_m: [points], 1 sigma per axis, at the body.
    """

    points_m: FloatArray
    joints: np.ndarray
    px: FloatArray
    stddev_m: FloatArray

    def __len__(self) -> int:
        return len(self.px)


class PointPlaces:
    """Finds the points on recovered bodies that our detector, or another one, sees."""

    def __init__(self) -> None:
        self._landmarks = LandmarkPlaces()

    def seen(self, crop: PersonCrop, markers_m: FloatArray, camera: Camera) -> SeenPoints:
        """
        Select the points of a person that are seen.

        Points of another detector are placed where its annotators mark them, not where ours sees
        them; points that it does not have come from ours.

        :param crop: the person.
        :param markers_m: [markers, 3], of the recovered body, camera axes.
        :param camera: of the image; what lies beyond its edge is a guess.
        """
        foreign = crop.foreign or ForeignPoints((), np.zeros((0, 2)), np.zeros(0))
        names = [name for name in foreign.names if POINTS[name].marker]
        rows = [foreign.names.index(name) for name in names]
        confidence = foreign.confidence[rows]
        own = self._landmarks
        replaced = {
            POINTS[name].landmark for name, sure in zip(names, confidence, strict=True) if sure > 0
        }
        own_confidence = crop.keypoint_confidence[own.landmarks].copy()
        own_confidence[[LANDMARK_NAMES[row] in replaced for row in own.landmarks]] = 0.0
        markers = [MARKER_NAMES.index(POINTS[name].marker) for name in names]
        joints = [JOINT_NAMES.index(POINTS[name].joint) for name in names]
        sigma_m = np.array([foreign_stddev_m(name) for name in names])
        px = np.concatenate([crop.keypoints_px[own.landmarks], foreign.px[rows]])
        is_sure = np.concatenate(
            [own_confidence >= LEAST_CONFIDENCE, confidence >= _LEAST_FOREIGN]
        )
        with np.errstate(invalid='ignore'):  # unknown points are NaN
            inside = (px >= 0) & (px < [camera.width_px, camera.height_px])
        seen = is_sure & inside.all(axis=1)
        points_m = np.concatenate([own.positions_m(markers_m), markers_m[markers]])
        stddev_m = np.concatenate([own.stddev_m, sigma_m])
        sure = np.concatenate([own_confidence, confidence])
        return SeenPoints(
            points_m[seen],
            np.concatenate([own.joints, joints])[seen].astype(np.intp),
            px[seen],
            stddev_m[seen] / sure[seen],
        )
