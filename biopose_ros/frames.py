"""
Every change of axes in the project.

Three conventions meet here, all right-handed:

- **camera**: OpenCV optical axes, x right, y down, z forward (away from the lens).
- **ground** and **segment**: OpenSim axes, x forward, y up, z right.
- **REP-103 body**: x forward, y left, z up.

The ground frame looks back into the camera: ground x points from the scene to the camera. A person
who faces the camera upright therefore has a pelvis rotation near zero, and the +-180 degree seam
lies at people who turn their back. Its origin is the camera, and it is tilted with the camera,
unless :class:`GroundFrame` is given the camera's mounting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from biopose_ros.records import Camera, FloatArray

CAMERA_FROM_GROUND: FloatArray = np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
GROUND_FROM_CAMERA: FloatArray = CAMERA_FROM_GROUND.T.copy()
REP103_FROM_OPENSIM: FloatArray = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
OPENSIM_FROM_REP103: FloatArray = REP103_FROM_OPENSIM.T.copy()
# SMPL-format bodies: x to the subject's left, y up, z forward.
OPENSIM_FROM_BODY: FloatArray = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
# REP-103 body axes of a camera to its optical axes.
_OPTICAL_FROM_REP103: FloatArray = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])


@dataclass(frozen=True, eq=False)
class GroundFrame:
    """
    The ground frame before a camera; by default that of a level camera, with its origin in it.

    :param level_from_leaning: [3, 3], from ground axes that are tilted with the camera to level
        ones.
    :param camera_m: [3], where the camera stands, this frame, metres.
    :param is_static: whether the frame stands still, and does not move with the camera.
    :param is_level: whether y is known to point against gravity.
    """

    level_from_leaning: FloatArray = field(default_factory=lambda: np.eye(3))
    camera_m: FloatArray = field(default_factory=lambda: np.zeros(3))
    is_static: bool = True
    is_level: bool = False

    @staticmethod
    def of_camera(pitch_rad: float, roll_rad: float, height_m: float) -> GroundFrame:
        """
        Level the ground before a mounted camera; the heading stays the camera's.

        Pitch and roll turn about the y (left) and x (forward) axes of REP-103, pitch last.

        :param pitch_rad: positive where the camera looks down.
        :param roll_rad: positive where the camera's right side is down.
        :param height_m: over the floor; 0 leaves y = 0 at the camera. Where all three are 0, as by
            default, nobody has said that the camera is level.
        """
        turn = Rotation.from_euler('YX', [pitch_rad, roll_rad]).as_matrix()
        axes = GROUND_FROM_CAMERA @ _OPTICAL_FROM_REP103
        is_level = any((pitch_rad, roll_rad, height_m))
        return GroundFrame(axes @ turn @ axes.T, np.array([0.0, height_m, 0.0]), is_level=is_level)

    @staticmethod
    def of_up(up: FloatArray, height_m: float) -> GroundFrame:
        """
        Level the ground before a moving camera; the frame moves with it, but stays level.

        :param up: [3], against gravity, camera axes, of any length but zero.
        :param height_m: of the camera over the floor; 0 leaves y = 0 at the camera.
        """
        level = GroundFrame.of_camera(*_tilt_rad(up / np.linalg.norm(up)), height_m)
        return replace(level, is_static=False, is_level=True)

    @staticmethod
    def of_pose(rotation: FloatArray, shift_m: FloatArray) -> GroundFrame:
        """
        Take a frame with z up, such as ``odom``, for the ground; in OpenSim's axes.

        :param rotation: [3, 3], from the camera's axes to the frame's.
        :param shift_m: [3], where the camera is in that frame.
        """
        ground_from_camera = OPENSIM_FROM_REP103 @ rotation
        return GroundFrame(
            ground_from_camera @ CAMERA_FROM_GROUND, OPENSIM_FROM_REP103 @ shift_m, is_level=True
        )

    @property
    def camera_from_ground(self) -> FloatArray:
        """Rotation from ground to camera axes, [3, 3]."""
        return CAMERA_FROM_GROUND @ self.level_from_leaning.T

    @property
    def up(self) -> FloatArray:
        """Direction against gravity, [3], camera axes."""
        return self.camera_from_ground[:, 1]

    @property
    def tilt_rad(self) -> tuple[float, float]:
        """Pitch and roll of the camera, as :meth:`of_camera` takes them."""
        return _tilt_rad(self.up)

    def of_turned_camera(self, camera_from_turned: FloatArray) -> GroundFrame:
        """
        Convert a frame that was described before a rolled camera to the camera itself.

        :param camera_from_turned: [3, 3], the roll: a rotation about the optical axis.
        """
        turn = GROUND_FROM_CAMERA @ camera_from_turned.T @ CAMERA_FROM_GROUND
        return replace(self, level_from_leaning=self.level_from_leaning @ turn)

    def to_camera(self, points_m: ArrayLike) -> FloatArray:
        """
        Express ground points in the camera's optical frame.

        :param points_m: [..., 3], metres, this frame.
        :returns: [..., 3], metres, camera frame.
        """
        return (np.asarray(points_m) - self.camera_m) @ self.camera_from_ground.T

    def from_leaning(self, points_m: ArrayLike) -> FloatArray:
        """
        Convert points of the camera-tilted ground frame to this one.

        :param points_m: [..., 3], metres, as of :func:`camera_to_ground`.
        :returns: [..., 3], metres, this frame.
        """
        return np.asarray(points_m) @ self.level_from_leaning.T + self.camera_m


def _tilt_rad(up: FloatArray) -> tuple[float, float]:
    """Give pitch and roll of a camera that sees this direction against gravity, a unit vector."""
    forward, left, above = up @ _OPTICAL_FROM_REP103
    return float(-np.arcsin(np.clip(forward, -1.0, 1.0))), float(np.arctan2(left, above))


def ground_to_camera(points_m: ArrayLike) -> FloatArray:
    """
    Express ground points in the camera's optical frame.

    :param points_m: [..., 3], metres, ground frame.
    :returns: [..., 3], metres, camera frame.
    """
    return np.asarray(points_m) @ CAMERA_FROM_GROUND.T


def camera_to_ground(points_m: ArrayLike) -> FloatArray:
    """
    Express camera points in the ground frame.

    :param points_m: [..., 3], metres, camera frame.
    :returns: [..., 3], metres, ground frame.
    """
    return np.asarray(points_m) @ GROUND_FROM_CAMERA.T


def segment_rotation_to_rep103(rotations: ArrayLike) -> FloatArray:
    """
    Turn segment axes from OpenSim's (x forward, y up, z right) to REP-103's (z up) on the right.

    :param rotations: [..., 3, 3], OpenSim segment axes to any frame.
    :returns: [..., 3, 3], REP-103 segment axes to the same frame.
    """
    return np.asarray(rotations) @ OPENSIM_FROM_REP103


def project(points_m: ArrayLike, camera: Camera) -> FloatArray:
    """
    Project camera points into the image, without lens distortion.

    :param points_m: [..., 3], metres, camera frame.
    :param camera: the pinhole camera.
    :returns: [..., 2], pixels; NaN for points behind the camera.
    """
    points = np.asarray(points_m, dtype=np.float64)
    depth = np.where(points[..., 2:] > 1e-6, points[..., 2:], np.nan)
    homogeneous = (points / depth) @ camera.intrinsics_px.T
    return homogeneous[..., :2]


def project_through_lens(points_m: ArrayLike, camera: Camera) -> FloatArray:
    """
    Project camera points into the image as the real lens does, with its distortion.

    :param points_m: [..., 3], metres, camera frame.
    :param camera: the camera.
    :returns: [..., 2], pixels; NaN for points behind the camera.
    """
    points = np.asarray(points_m, dtype=np.float64)
    if camera.distortion.size == 0 and not camera.is_fisheye:
        return project(points, camera)
    is_visible = points[..., 2] > 1e-6  # False for NaN as well
    pixels = np.full((*points.shape[:-1], 2), np.nan)
    if is_visible.any():
        no_motion = np.zeros(3)
        visible = np.ascontiguousarray(points[is_visible])  # OpenCV refuses other layouts
        through_lens = cv2.fisheye.projectPoints if camera.is_fisheye else cv2.projectPoints
        projected, _ = through_lens(
            visible[:, None], no_motion, no_motion, camera.intrinsics_px, camera.distortion
        )
        pixels[is_visible] = projected.reshape(-1, 2)
    return pixels


def image_rays(keypoints_px: FloatArray, camera: Camera) -> FloatArray:
    """
    Undo the lens: pixels to directions.

    :param keypoints_px: [points, 2].
    :param camera: its intrinsics and distortion.
    :returns: [points, 3], camera frame, z = 1.
    """
    points = np.asarray(keypoints_px, dtype=np.float64).reshape(-1, 1, 2)
    if camera.is_fisheye:
        flat = cv2.fisheye.undistortPoints(points, camera.intrinsics_px, camera.distortion)[:, 0]
    else:
        flat = cv2.undistortPoints(points, camera.intrinsics_px, camera.distortion)[:, 0]
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
