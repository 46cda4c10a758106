"""Where a fitted person stands in the ground frame, and how uncertain one camera leaves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from biopose_ros.frames import GroundFrame
from biopose_ros.records import BodySize, Camera, FloatArray, SkeletonFit
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.limits import widest_stddev
from biopose_ros.skeleton.pelvis import (
    PELVIS_ANGLES,
    PELVIS_SHIFTS,
    pelvis_coordinates,
    root_alone,
)

# 1 sigma of the distance, as a share of it, that a fit does not state: mesh recovery reads it from
# each image alone, 6.6 % off in the mean, most of it lasting. From 2 to 8 % angles on two real
# views and rendered sequences are the same, and better than without; the distance does not jump.
_DISTANCE_SHARE = 0.04
# Step of the finite differences that carry the angles' uncertainty over, radians.
_STEP_RAD = 1e-4


class PersonPlacing:
    """
    Converts fits from the ground frame that is tilted with the camera to the level one.

    :param skeleton: whose root is the pelvis, free in all six directions.
    :param ground: where the coordinates shall count from.
    :attr ground: the same; set anew before each image of a moving camera.
    """

    def __init__(self, skeleton: Skeleton, ground: GroundFrame) -> None:
        self._pelvis_alone = root_alone(skeleton)
        self._of_pelvis = [
            skeleton.coordinate_index(name) for name in self._pelvis_alone.coordinate_names
        ]
        self.ground = ground
        self._angles = [skeleton.coordinate_index(name) for name in PELVIS_ANGLES]
        self._shifts = [skeleton.coordinate_index(name) for name in PELVIS_SHIFTS]
        self._widest_stddev = widest_stddev(skeleton)

    def from_leaning(self, fit: SkeletonFit) -> SkeletonFit:
        """
        Express a fit in the ground frame, its place as uncertain as one image's distance is.

        The angles' uncertainty is propagated to first order, as if they were independent.

        :param fit: as the camera leans.
        :returns: the same pose; all but the pelvis's coordinates are unchanged.
        """
        stddev = fit.stddev.copy()
        along_m = _DISTANCE_SHARE * fit.coordinates[self._shifts]  # the camera is at zero
        stddev[self._shifts] = np.hypot(stddev[self._shifts], along_m)
        fit = replace(fit, stddev=stddev)
        if _leans_with_camera(self.ground):
            return fit
        markers = replace(
            fit.markers, positions_m=self.ground.from_leaning(fit.markers.positions_m)
        )
        coordinates = fit.coordinates.copy()
        stddev = fit.stddev.copy()
        moved = self._pelvis(self._disturbed(fit.coordinates))  # [4, 6]
        pelvis = moved[0]
        coordinates[self._angles] = pelvis[:3]
        coordinates[self._shifts] = self.ground.from_leaning(fit.coordinates[self._shifts])
        slopes = (moved[1:, :3] - pelvis[:3]) / _STEP_RAD  # [old, new]
        stddev[self._angles] = _combined(slopes.T, fit.stddev[self._angles])
        stddev[self._shifts] = _combined(self.ground.level_from_leaning, fit.stddev[self._shifts])
        return SkeletonFit(coordinates, stddev, markers)

    def with_distance(
        self, stddev: FloatArray, coordinates: FloatArray, size: BodySize, camera: Camera
    ) -> FloatArray:
        """
        Add the uncertainty of the pelvis's place that comes from body size and focal length.

        All images share this error, so that the fit does not show it: a body that is assumed 5 %
        too large is placed 5 % too far away; a focal length that is 5 % too long does the same
        along the optical axis alone.

        :param stddev: [coordinates], 1 sigma, without it.
        :param coordinates: [coordinates], in the ground frame.
        :param size: of the body.
        :param camera: of the image.
        :returns: [coordinates], 1 sigma; angles are no wider than their limits.
        """
        in_camera_m = self.ground.to_camera(coordinates[self._shifts])
        errors_m = np.stack(
            [
                in_camera_m * (size.stature_stddev_m / size.stature_m),
                in_camera_m * [0.0, 0.0, camera.focal_stddev],
            ]
        )
        distance = np.zeros_like(coordinates)
        distance[self._shifts] = np.sqrt(
            np.square(errors_m @ self.ground.camera_from_ground).sum(axis=0)
        )
        return np.minimum(np.hypot(stddev, distance), self._widest_stddev)

    def _disturbed(self, coordinates: FloatArray) -> FloatArray:
        """Give the coordinates as they are, and with each pelvis angle a little larger."""
        rows = np.tile(coordinates, (4, 1))
        for row, column in enumerate(self._angles, start=1):
            rows[row, column] += _STEP_RAD
        return rows

    def _pelvis(self, coordinates: FloatArray) -> FloatArray:
        """Turn the pelvis with the ground; its angles stand first, [rows, 6]."""
        pelvis = self._pelvis_alone
        leaning = pelvis.forward_kinematics(torch.from_numpy(coordinates[:, self._of_pelvis]))
        level = torch.from_numpy(self.ground.level_from_leaning)
        return pelvis_coordinates(
            pelvis, level @ leaning.rotations[:, 0], leaning.positions_m[:, 0]
        ).numpy()


def _leans_with_camera(ground: GroundFrame) -> bool:
    return np.array_equal(ground.level_from_leaning, np.eye(3)) and not ground.camera_m.any()


def _combined(slopes: FloatArray, stddev: FloatArray) -> FloatArray:
    """Propagate independent errors, slopes [new, old]."""
    combined: FloatArray = np.sqrt(np.square(slopes) @ np.square(stddev))
    return combined
