"""
Guides: points and directions that place the skeleton in a standing body, and so define zero.

Two kinds. Points: joint centres, and on the trunk landmarks of LaiUhlrich2022, lie where the
skeleton has them. Directions: a line on the body has the direction that the same line has on the
segment, wherever it lies:

- pelvis: from between the PSIS to between the ASIS, as LaiUhlrich2022's markers have it;
- thigh: from the medial to the lateral epicondyle; the joint centres hold its length;
- foot: the sole is level, and heel to second toe points as LaiUhlrich2022's markers do, seen from
  above. (That model's soles are level at zero. Its heel and toe markers are not compared in
  height: on the bare skin of a mesh they do not sit where a laboratory puts them.)
- upper arm: the axis about which the elbow bends; forearm: from ulnar to radial styloid;
- hand: to the middle of the knuckles, and across them;
- head: from the ear holes to the eyes, and from ear to ear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import cos, radians, sin

import torch
from torch import Tensor

from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.description import Marker, Vector
from biopose_ros.skeleton.sides import left_of

ARMS_LOWERED_RAD = radians(75)

# A direction is a point so far away that it turns a segment and hardly shifts it; its weight makes
# a degree count as much as a centimetre at a joint centre.
FAR_M = 100.0
DIRECTION_WEIGHT = 10 * (0.01 / radians(1) / FAR_M) ** 2

# Weights as in LaiUhlrich2022's set-up for the standing posture.
POINT_WEIGHTS = {
    'bp_right_hip': 20.0,
    'bp_right_knee': 10.0,
    'bp_right_ankle': 10.0,
    'bp_right_shoulder': 10.0,
    'bp_right_elbow': 10.0,
    'bp_right_wrist': 10.0,
    'C7': 20.0,
    'R_Sternum': 5.0,
}


@dataclass(frozen=True)
class Direction:
    """
    A line that a segment and the body share.

    :param segment: of the skeleton.
    :param near: a landmark of the body near the segment's origin.
    :param start: landmarks whose middle is the line's start.
    :param end: landmarks whose middle is its end.
    :param on_segment: the line on the segment; None takes it from the skeleton's own markers.
    :param on_body: the line on the standing body, OpenSim axes; None takes it from the landmarks.
    :param is_level: whether only the direction as seen from above counts.
    :param is_common: whether the mean body's line stands for everybody's: fat over hips and
        buttocks tilts the line between skin markers, not the pelvis.
    :param weight: relative to other directions.
    """

    segment: str
    near: str
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    on_segment: Vector | None = None
    on_body: Vector | None = None
    is_level: bool = False
    is_common: bool = False
    weight: float = 1.0

    def mirrored(self) -> Direction:
        """Give the same line on the left side."""
        return replace(
            self,
            segment=left_of(self.segment),
            near=left_of(self.near),
            start=tuple(map(left_of, self.start)),
            end=tuple(map(left_of, self.end)),
            on_segment=_mirrored(self.on_segment),
            on_body=_mirrored(self.on_body),
        )


def _mirrored(vector: Vector | None) -> Vector | None:
    return None if vector is None else (vector[0], vector[1], -vector[2])


MIDDLE_DIRECTIONS = (
    Direction(
        'pelvis',
        'bp_right_hip',
        ('r.PSIS', 'L.PSIS'),
        ('r.ASIS', 'L.ASIS'),
        is_common=True,
        weight=2.0,
    ),
    Direction('head', 'chin', ('R_tragion', 'L_tragion'), ('bp_right_eye', 'bp_left_eye')),
    Direction('head', 'chin', ('L_tragion',), ('R_tragion',)),
)
RIGHT_DIRECTIONS = (
    Direction('femur_r', 'bp_right_hip', ('r_mknee',), ('r_knee',), is_level=True),
    Direction(
        'calcn_r',
        'bp_right_ankle',
        on_segment=(0.0, 1.0, 0.0),
        on_body=(0.0, 1.0, 0.0),
        weight=2.0,
    ),
    Direction('calcn_r', 'bp_right_ankle', ('r_calc',), ('r_toe',), is_level=True),
    Direction(
        'humerus_r',
        'bp_right_shoulder',
        on_segment=(0.22604727, 0.02226899, 0.97386176),  # the skeleton's elbow axis
        on_body=(0.0, cos(ARMS_LOWERED_RAD), sin(ARMS_LOWERED_RAD)),
    ),
    Direction('radius_r', 'bp_right_elbow', ('R_wrist_ulna',), ('R_wrist_radius',)),
    Direction(
        'hand_r',
        'bp_right_wrist',
        ('bp_right_wrist',),
        ('bp_right_index', 'bp_right_pinky'),
        on_segment=(-0.003, -0.085, -0.005),  # middle of those two markers, from the wrist
    ),
    Direction('hand_r', 'bp_right_wrist', ('bp_right_pinky',), ('bp_right_index',)),
)
DIRECTIONS = (
    *MIDDLE_DIRECTIONS,
    *RIGHT_DIRECTIONS,
    *(direction.mirrored() for direction in RIGHT_DIRECTIONS),
)
POINTS = {
    name: weight for right, weight in POINT_WEIGHTS.items() for name in (right, left_of(right))
}
NAMES = (*POINTS, *(f'direction_{row}' for row in range(len(DIRECTIONS))))
WEIGHTS = (*POINTS.values(), *(DIRECTION_WEIGHT * line.weight for line in DIRECTIONS))


def with_guides(skeleton: Skeleton) -> Skeleton:
    """
    Put the guides on a skeleton in place of its markers.

    :param skeleton: with the default skeleton's segments and markers.
    """
    own = {marker.name: marker for marker in skeleton.description.markers}
    markers = [own[name] for name in POINTS]
    for row, line in enumerate(DIRECTIONS):
        vector = line.on_segment or _between(line, lambda name: torch.tensor(own[name].offset_m))
        far_m = FAR_M * _unit(torch.as_tensor(vector).double(), line.is_level)
        markers.append(Marker(f'direction_{row}', line.segment, tuple(far_m.tolist())))
    return Skeleton(replace(skeleton.description, markers=tuple(markers)))


def guide_targets(
    skeleton: Skeleton,
    landmark_m: Callable[[str], Tensor],
    mean_landmark_m: Callable[[str], Tensor],
    scales: Tensor,
) -> Tensor:
    """
    Find the guides on standing bodies.

    :param skeleton: whose segments are meant.
    :param landmark_m: gives a landmark by its name, [subjects, 3], OpenSim axes.
    :param mean_landmark_m: the same of the mean body, [1, 3].
    :param scales: [subjects, segments, 3].
    :returns: [subjects, guides, 3], in the order of :data:`NAMES`.
    """
    targets = [landmark_m(name) for name in POINTS]
    for line in DIRECTIONS:
        vector = _between(line, mean_landmark_m if line.is_common else landmark_m)
        if line.on_body is not None:
            vector = torch.tensor(line.on_body).to(scales).expand(len(scales), 3)
        factor = scales[:, skeleton.segment_index(line.segment), :1]
        far_m = FAR_M * factor * _unit(vector, line.is_level)
        targets.append(landmark_m(line.near) + far_m)
    return torch.stack(targets, 1)


def _between(line: Direction, place_m: Callable[[str], Tensor]) -> Tensor:
    start, end = (
        torch.stack([place_m(name) for name in names]).mean(0) if names else torch.zeros(3)
        for names in (line.start, line.end)
    )
    return end - start


def _unit(vector: Tensor, is_level: bool) -> Tensor:
    if is_level:
        vector = vector * torch.tensor([1.0, 0.0, 1.0]).to(vector)
    return torch.nn.functional.normalize(vector, dim=-1)
