"""Draw the skeleton over the picture, with numpy and OpenCV alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.frames import project_through_lens
from biopose_ros.records import Camera, FloatArray, PersonPose, TrackingState
from biopose_ros.skeleton.sides import without_side

ImageArray = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Blue, green, red. Told apart by lightness too, for eyes that see no red or no green.
RIGHT: Colour = (40, 150, 255)
LEFT: Colour = (255, 190, 60)
MIDDLE: Colour = (245, 245, 245)
OUTLINE: Colour = (30, 30, 30)

BONE_WIDTH_M = 0.022
OCCLUDED_OPACITY = 0.4
SUBPIXEL_BITS = 4
# Where segments without a child end, in their own axes, metres: rough sizes of a grown-up's head,
# hand and toes (ANSUR II medians), for the eye only.
TIPS_M = {'head': (0.0, 0.2, 0.0), 'hand': (0.0, -0.17, 0.0), 'toes': (0.07, 0.0, 0.0)}


class SegmentTree(Protocol):
    """What drawing needs to know of a skeleton."""

    @property
    def segment_names(self) -> tuple[str, ...]:
        """One name per segment; ``_r`` and ``_l`` end those of a side."""

    @property
    def segment_parents(self) -> tuple[int, ...]:
        """Index of each segment's parent, -1 for the root."""


@dataclass(frozen=True)
class _Bone:
    """
    A line between two points.

    :param ends_px: [2, 2].
    :param depth_m: of its middle.
    :param width_px: of the line.
    """

    ends_px: FloatArray
    depth_m: float
    width_px: int
    colour: Colour


def draw_persons(
    image_bgr: ImageArray, camera: Camera, persons: Iterable[PersonPose], skeleton: SegmentTree
) -> ImageArray:
    """
    Draw all persons of an image.

    :param image_bgr: [height, width, 3], stays as it is.
    :param camera: what the poses were computed with.
    :param persons: of this image.
    :param skeleton: of the poses.
    :returns: a new picture.
    """
    canvas = image_bgr.copy()
    for person in persons:
        canvas = draw_person(canvas, camera, person, skeleton)
    return canvas


def draw_person(
    image_bgr: ImageArray, camera: Camera, person: PersonPose, skeleton: SegmentTree
) -> ImageArray:
    """
    Draw one person's skeleton and name; right side orange, left side blue.

    :param image_bgr: [height, width, 3], stays as it is.
    :param camera: what the pose was computed with.
    :param person: faint where occluded, nothing where lost.
    :param skeleton: of the pose.
    :returns: a new picture.
    """
    canvas = image_bgr.copy()
    if person.state is TrackingState.LOST:
        return canvas
    bones = sorted(_bones(camera, person, skeleton), key=lambda bone: -bone.depth_m)
    for bone in bones:
        _draw_bone(canvas, bone)
    _draw_name(canvas, person)
    if person.state is TrackingState.OCCLUDED:
        mixed = cv2.addWeighted(canvas, OCCLUDED_OPACITY, image_bgr, 1 - OCCLUDED_OPACITY, 0)
        return mixed.astype(np.uint8, copy=False)
    return canvas


def _bones(camera: Camera, person: PersonPose, skeleton: SegmentTree) -> Iterator[_Bone]:
    for start_m, end_m, name in _bone_lines(person, skeleton):
        ends_m = np.stack([start_m, end_m])
        if not np.isfinite(ends_m).all():
            continue
        ends_px = project_through_lens(ends_m, camera)
        if _is_drawable(ends_px, camera):
            depth_m = float(ends_m[:, 2].mean())
            width_px = round(BONE_WIDTH_M * camera.intrinsics_px[0, 0] / depth_m)
            yield _Bone(ends_px, depth_m, max(2, width_px), _side_colour(name))


def _bone_lines(
    person: PersonPose, skeleton: SegmentTree
) -> Iterator[tuple[FloatArray, FloatArray, str]]:
    """Give each bone's two ends in the camera frame, metres, and the segment that colours it."""
    origins_m = person.segment_positions_m
    for index, (name, parent) in enumerate(
        zip(skeleton.segment_names, skeleton.segment_parents, strict=True)
    ):
        if parent >= 0:
            yield origins_m[parent], origins_m[index], name
        tip_m = TIPS_M.get(without_side(name))
        if tip_m is not None:
            tip_offset_m = person.segment_rotations[index] @ (tip_m * person.scales[index])
            yield origins_m[index], origins_m[index] + tip_offset_m, name


def _is_drawable(ends_px: FloatArray, camera: Camera) -> bool:
    """Leave out points behind the camera, and so far outside that OpenCV's integers overflow."""
    reach_px = 4 * max(camera.width_px, camera.height_px)
    return bool(np.isfinite(ends_px).all() and (np.abs(ends_px) < reach_px).all())


def _side_colour(name: str) -> Colour:
    if name.endswith('_r'):
        return RIGHT
    return LEFT if name.endswith('_l') else MIDDLE


def _draw_bone(canvas: ImageArray, bone: _Bone) -> None:
    (x1, y1), (x2, y2) = np.round(bone.ends_px * 2**SUBPIXEL_BITS).astype(int).tolist()
    for colour, width in ((OUTLINE, bone.width_px + 2), (bone.colour, bone.width_px)):
        cv2.line(canvas, (x1, y1), (x2, y2), colour, width, cv2.LINE_AA, SUBPIXEL_BITS)
    for x, y in ((x1, y1), (x2, y2)):
        radius = round(0.8 * bone.width_px * 2**SUBPIXEL_BITS)
        cv2.circle(canvas, (x, y), radius, OUTLINE, -1, cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.circle(canvas, (x, y), radius * 3 // 4, bone.colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)


def _draw_name(canvas: ImageArray, person: PersonPose) -> None:
    """Write the person's id above the box, inside the picture, on a dark plate."""
    if not np.isfinite(person.box_xyxy_px).all():
        return
    font, size = cv2.FONT_HERSHEY_SIMPLEX, max(canvas.shape[:2]) / 1800
    thickness, margin = max(1, round(2 * size)), max(2, round(8 * size))
    (width, height), base = cv2.getTextSize(person.person_id, font, size, thickness)
    plate_width, plate_height = width + 2 * margin, height + base + 2 * margin
    left_px, top_px = person.box_xyxy_px[:2] - [0, plate_height + margin]
    left = int(np.clip(left_px, 0, max(0, canvas.shape[1] - plate_width)))
    top = int(np.clip(top_px, 0, max(0, canvas.shape[0] - plate_height)))
    right, bottom = left + plate_width, top + plate_height
    cv2.rectangle(canvas, (left, top), (right, bottom), OUTLINE, cv2.FILLED)
    text_at = (left + margin, top + margin + height)
    cv2.putText(canvas, person.person_id, text_at, font, size, MIDDLE, thickness, cv2.LINE_AA)
