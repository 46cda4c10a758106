"""
The direction of gravity, from the upright edges of a room: walls, doors, windows, shelves, posts.

Edges that are upright in the world meet, in the image of a pinhole camera, in one point, whose ray
is the direction of gravity (Hartley and Zisserman, *Multiple View Geometry*, 2004, section 8.6).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.frames import GroundFrame, image_rays
from biopose_ros.records import Camera, FloatArray

# Images are made smaller to this longer side, pixels.
_SIDE_PX = 960
# Shortest edges, as a share of the image's longer side; what leans more is no upright edge.
_LEAST_LENGTH, _EDGE_LEANS_DEG = 0.03, 40.0
# Cameras are tilted and rolled no more than this.
_PITCH_DEG, _ROLL_DEG = 40.0, 20.0
# Degrees between the directions that are tried first.
_GRID_DEG = 0.5
# 1 sigma of an edge's direction, radians, while it is decided which edges agree, and at the end:
# pixels, lens, and walls that are not plumb.
_SEARCH_STDDEV, _EDGE_STDDEV = 0.008, 0.006
_STEPS = 6
# What it takes to be sure. Together the edges that agree are as long as this share of the image's
# longer side, and longer by this factor than those of any other direction so many degrees away;
# the root mean square of how far apart they are, radians. Chosen on two real views, whose
# direction is known to half a degree, and ten videos of other rooms.
_LEAST_TOTAL, _LEAST_EXCESS, _ELSEWHERE_DEG, _LEAST_SPREAD = 0.5, 1.25, 6.0, 0.12
# A camera that is turned by more than this has moved.
_MOVED_DEG = 5.0
# Time between looks, before and after the direction is known.
_SEARCH_NS, _CHECK_NS = 1_000_000_000, 10_000_000_000


class CameraLevel:
    """
    Finds how a camera that stands still is tilted, and notices when it does not stand still.

    The ground turns only while there is nobody whose coordinates count from it.

    :param height_m: of the camera over the floor; 0 leaves y = 0 at the camera.
    """

    def __init__(self, height_m: float) -> None:
        self._height_m = height_m
        self._ground: GroundFrame | None = None
        self._looked_ns: int | None = None
        self._is_over = False

    def look(
        self, image_bgr: NDArray[np.uint8], camera: Camera, stamp_ns: int, is_free: bool
    ) -> GroundFrame | None:
        """
        Look at an image, once in a while.

        :param image_bgr: [height, width, 3].
        :param camera: of the image.
        :param stamp_ns: of the image.
        :param is_free: whether the ground may still turn.
        :returns: the ground frame where it changes: level once its direction is found, and no
            longer known to be level after the camera has moved.
        """
        wait_ns = _SEARCH_NS if self._ground is None else _CHECK_NS
        is_early = self._looked_ns is not None and 0 <= stamp_ns - self._looked_ns < wait_ns
        if self._is_over or is_early or (self._ground is None and not is_free):
            return None
        self._looked_ns = stamp_ns
        up = up_from_edges(image_bgr, camera)
        if up is None:
            return None
        if self._ground is None:
            self._ground = replace(GroundFrame.of_up(up, self._height_m), is_static=True)
            return self._ground
        if up @ self._ground.up > np.cos(np.radians(_MOVED_DEG)):
            return None
        self._is_over = True
        return replace(self._ground, is_level=False)


def up_from_edges(image_bgr: NDArray[np.uint8], camera: Camera) -> FloatArray | None:
    """
    Find the direction against gravity.

    :param image_bgr: [height, width, 3], rolled by no more than 20 degrees, pitched by 40.
    :param camera: of the image.
    :returns: [3], unit, camera axes; None where the edges do not tell.
    """
    planes, lengths = _edges(image_bgr, camera)
    if len(planes) < 3:
        return None
    tried = _directions()
    support = _agreement(planes, tried, _SEARCH_STDDEV) @ lengths
    up = tried[np.argmax(support)]
    if support.max() < _LEAST_TOTAL:
        return None
    for stddev in np.geomspace(_SEARCH_STDDEV, _EDGE_STDDEV, _STEPS):
        weights = lengths * _agreement(planes, up[None], stddev)[0]
        spreads, axes = np.linalg.eigh((planes.T * weights) @ planes / weights.sum())
        up = axes[:, 0] * -np.sign(axes[1, 0])
    total = _agreement(planes, up[None], _SEARCH_STDDEV)[0] @ lengths
    elsewhere = support[tried @ up < np.cos(np.radians(_ELSEWHERE_DEG))].max()
    is_sure = total > _LEAST_EXCESS * elsewhere
    is_within = tried @ up > np.cos(np.radians(2.0 * _GRID_DEG))
    return up if is_sure and is_within.any() and spreads[1] > _LEAST_SPREAD**2 else None


def _edges(image_bgr: NDArray[np.uint8], camera: Camera) -> tuple[FloatArray, FloatArray]:
    """
    Find straight edges that lean little in the image.

    :returns: normals of the planes through camera and edge, [edges, 3]; lengths, shares of the
        image's longer side, [edges].
    """
    side_px = max(image_bgr.shape[:2])
    shrink = min(1.0, _SIDE_PX / side_px)
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    found = cv2.createLineSegmentDetector().detect(small)[0]
    if found is None:
        return np.zeros((0, 3)), np.zeros(0)
    ends_px = found.reshape(-1, 2, 2).astype(np.float64) / shrink
    way_px = ends_px[:, 1] - ends_px[:, 0]
    lengths = np.linalg.norm(way_px, axis=1) / side_px
    leans = np.arctan2(np.abs(way_px[:, 0]), np.abs(way_px[:, 1]))
    used = (lengths > _LEAST_LENGTH) & (leans < np.radians(_EDGE_LEANS_DEG))
    if not used.any():
        return np.zeros((0, 3)), np.zeros(0)
    rays = image_rays(ends_px[used].reshape(-1, 2), camera).reshape(-1, 2, 3)
    planes = np.cross(rays[:, 0], rays[:, 1])
    return planes / np.linalg.norm(planes, axis=1, keepdims=True), lengths[used]


def _directions() -> FloatArray:
    """Give the directions that are tried, [directions, 3]."""
    pitch, roll = np.meshgrid(
        np.radians(np.arange(-_PITCH_DEG, _PITCH_DEG + 1e-6, _GRID_DEG)),
        np.radians(np.arange(-_ROLL_DEG, _ROLL_DEG + 1e-6, _GRID_DEG)),
    )
    up = [np.sin(roll) * np.cos(pitch), -np.cos(roll) * np.cos(pitch), -np.sin(pitch)]
    return np.stack([part.ravel() for part in up], axis=1)


def _agreement(planes: FloatArray, directions: FloatArray, stddev: float) -> FloatArray:
    """Tell how well edges run along directions, 0 to 1, [directions, edges]."""
    return np.exp(-0.5 * np.square(directions @ planes.T / stddev))
