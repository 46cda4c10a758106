"""What the detector should say of a person: a box around the head and four points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.cameras import View
from biopose_ros.training.synthesis.regions import HEAD_OVER_STATURE
from biopose_ros.training.synthesis.scene import PosedPerson

_HIPS = [JOINT_NAMES.index(f'{side}_hip') for side in ('left', 'right')]
_SHOULDERS = [JOINT_NAMES.index(f'{side}_shoulder') for side in ('left', 'right')]
_HEAD = JOINT_NAMES.index('head')
# Joints that must show before a person counts as seen: trunk, head and knees, by their own.
_TELLING = [
    *_HIPS,
    *_SHOULDERS,
    _HEAD,
    *(JOINT_NAMES.index(f'{s}_knee') for s in ('left', 'right')),
]
# A joint counts as seen where the surface before it is no further off, metres.
_FLESH_M = 0.3
# Middle of the face from the head joint (up and forward), in heights of the head.
_FACE_UP, _FACE_AHEAD = 0.4, 0.4
# The box of head and shoulders, as the published network places it: its middle on the way from
# the shoulders to the face. That network's boxes are all of one size, so that neighbours melt
# together when they are small; the side of ours is this many heights of the head.
_TOWARDS_FACE, _BOX_HEADS = 0.45, 3.0
# Circle around the upper body over its farthest point, as the published network draws it.
_UPPER_CIRCLE = 1.28


@dataclass(frozen=True)
class PersonTruth:
    """
    A person in the camera's image.

    :param points_px: [6, 2], upper left and lower right corner of the box of head and shoulders,
        middle of the hips, top of the circle around the body, middle of the shoulders, top of the
        circle around the upper body; pixel centres at whole numbers.
    :param joints_m: [24, 3], camera axes.
    :param joints_px: [24, 2].
    :param box_px: [2, 2], around the whole body, upper left and lower right.
    """

    points_px: FloatArray
    joints_m: FloatArray
    joints_px: FloatArray
    box_px: FloatArray

    @property
    def height_px(self) -> float:
        """Extent of the body, the longer side of its box."""
        return float((self.box_px[1] - self.box_px[0]).max())


def person_truth(person: PosedPerson, view: View) -> PersonTruth | None:
    """
    Project a person.

    :param person: in the world.
    :param view: the camera.
    :returns: the truth; None where a part of the person is not before the camera.
    """
    head_m = HEAD_OVER_STATURE * float(person.rest_size_m[0])
    face = person.joints_m[_HEAD] + person.turns[_HEAD] @ (
        head_m * np.array([0.0, _FACE_UP, _FACE_AHEAD])
    )
    points = np.concatenate([person.joints_m, face[None], person.vertices_m[::31]])
    seen_m = view.to_camera(points)
    if seen_m[:, 2].min() < 0.1:
        return None
    pixels = (seen_m / seen_m[:, 2:] @ view.camera.intrinsics_px.T)[:, :2]
    joints, body = pixels[:24], np.delete(pixels, 24, axis=0)
    half = 0.5 * _BOX_HEADS * head_m * view.camera.intrinsics_px[0, 0] / seen_m[24, 2]
    hips, shoulders = joints[_HIPS].mean(0), joints[_SHOULDERS].mean(0)
    axis = shoulders - hips
    axis = axis / (np.linalg.norm(axis) + 1e-6)
    radius = np.linalg.norm(body - hips, axis=1).max()
    upper = (
        _UPPER_CIRCLE * np.linalg.norm(body[body @ axis > hips @ axis] - shoulders, axis=1).max()
    )
    middle = shoulders + _TOWARDS_FACE * (pixels[24] - shoulders)
    return PersonTruth(
        np.stack([
            middle - half, middle + half,
            hips, hips + radius * axis, shoulders, shoulders + upper * axis,
        ]),
        seen_m[:24], joints, np.stack([body.min(0), body.max(0)]),
    )  # fmt: skip


def visible_share(
    truth: PersonTruth, window_from_image: FloatArray, depth_m: NDArray[np.float32],
    inside: NDArray[np.bool_],
) -> float:  # fmt: skip
    """
    Measure how much of a person shows in a window.

    :param truth: the person.
    :param window_from_image: [3, 3], pixels of the camera's image to those of the window.
    :param depth_m: [side, side], nearest surface.
    :param inside: [side, side], False beyond the camera's image.
    :returns: share of the trunk, the head and the knees that lie in the window and behind nothing.
    """
    joints_m = truth.joints_m[_TELLING]
    pixels = truth.joints_px[_TELLING] @ window_from_image[:2, :2].T + window_from_image[:2, 2]
    column, row = np.rint(pixels).astype(int).T
    side = len(depth_m)
    is_in = (row >= 0) & (column >= 0) & (row < side) & (column < side)
    row, column = row.clip(0, side - 1), column.clip(0, side - 1)
    is_in &= inside[row, column] & (depth_m[row, column] > joints_m[:, 2] - _FLESH_M)
    return float(is_in.mean())
