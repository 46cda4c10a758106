"""
A body's shape as sizes of the skeleton and as places of markers on its segments.

Three steps, as OpenSim's scale tool takes them for a person who stands still: each segment is
scaled by distances between joint centres and landmarks; the scaled skeleton is brought into the
standing body by its guides (:mod:`.guides`); where the markers then lie on the segments is where
they stay. Since the guides are anatomical, zero means what it means in LaiUhlrich2022, whatever
rest pose the mesh has: straight legs over level feet read zero at hip, knee and ankle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from biopose_ros.body import BodyModel
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.skeleton import Skeleton, load_skeleton, solve_pose
from biopose_ros.skeleton.sides import left_of
from biopose_ros.training.labels import guides
from biopose_ros.training.labels.marker_body import MarkerBody
from biopose_ros.training.labels.start_pose import CARRIERS, start_pose, t_pose
from biopose_ros.virtual_markers import MarkerTable, load_markers
from biopose_ros.virtual_markers.on_skeleton import with_markers

# Which distances scale what: segments, axes, pairs of markers (both sides count). From joint
# centre to joint centre wherever two belong to a segment: skin grows with fat, bones do not.
MEASUREMENTS: tuple[tuple[tuple[str, ...], str, tuple[tuple[str, str], ...]], ...] = (
    (('pelvis',), 'xyz', (('bp_right_hip', 'bp_left_hip'),)),
    (('torso',), 'z', (('bp_right_shoulder', 'bp_left_shoulder'),)),
    (('head',), 'xyz', (('chin', 'head_vertex'), ('R_tragion', 'L_tragion'))),
    (('femur',), 'xyz', (('bp_right_hip', 'bp_right_knee'),)),
    (('tibia',), 'xyz', (('bp_right_knee', 'bp_right_ankle'),)),
    (('talus', 'calcn', 'toes'), 'xyz', (('r_calc', 'r_toe'), ('r_calc', 'r_5meta'))),
    (('humerus',), 'xyz', (('bp_right_shoulder', 'bp_right_elbow'),)),
    (('ulna', 'radius'), 'xyz', (('bp_right_elbow', 'bp_right_wrist'),)),
    (
        ('hand',),
        'xyz',
        (('bp_right_wrist', 'bp_right_index'), ('bp_right_wrist', 'bp_right_pinky')),
    ),
)


@dataclass(frozen=True, eq=False)
class Subject:
    """
    One person: a shape of the body, and the skeleton in it.

    :param betas: [components], of the body.
    :param scales: [segments, 3], size factors of the skeleton, unitless.
    :param neutral: [coordinates], of the standing body with lowered arms; radians, metres.
    :param marker_offsets_m: [markers, 3], in the frames of the scaled segments.
    :param model: the default skeleton.
    :param table: the markers' names and segments.
    """

    betas: Tensor
    scales: Tensor
    neutral: Tensor
    marker_offsets_m: Tensor
    model: Skeleton
    table: MarkerTable

    @cached_property
    def skeleton(self) -> Skeleton:
        """The model, unscaled, with the subject's markers in place of its own."""
        rows = [self.model.segment_index(name) for name in self.table.segments]
        offsets_m = self.marker_offsets_m / self.scales[rows]
        return with_markers(self.model, self.table.names, self.table.segments, offsets_m)


class Anthropometry:
    """
    Finds the skeleton in bodies of any shape.

    :attr body: the body model.
    :attr skeleton: the default one.
    :attr table: the virtual markers; their order is that of all labels.
    :attr marker_body: the markers as they move with the mesh's skin.
    :attr bones: the markers as the bones carry them. Skinning drags markers along with joints
        nearby as no skin does (epicondyles with the palm, the pelvis with the thighs), so the
        skeleton is fitted to these.
    """

    def __init__(self, body: BodyModel) -> None:
        """
        Measure the mean body.

        :param body: with markers for its topology.
        """
        self.body = body
        self.table = load_markers(body.topology)
        self.skeleton = load_skeleton()
        self.marker_body = MarkerBody(body, self.table)
        self.bones = MarkerBody(body, self.table, CARRIERS)
        self.segments = [self.skeleton.segment_index(name) for name in self.table.segments]

    def subject(self, betas: Tensor) -> Subject:
        """
        Fit the skeleton to one shape.

        :param betas: [components].
        """
        return self.subjects(betas[None])[0]

    def subjects(self, betas: Tensor) -> list[Subject]:
        """
        Fit the skeleton to many shapes at once.

        :param betas: [subjects, components].
        """
        betas = torch.as_tensor(betas, dtype=torch.float32, device='cpu')
        markers_m = self.standing_markers_m(betas)
        scales = self.scales(markers_m)
        neutral = self._neutral(markers_m, scales)
        frames = self.skeleton.forward_kinematics(neutral, scales)
        away_m = markers_m - frames.positions_m[:, self.segments]
        turned = frames.rotations[:, self.segments].mT @ away_m[..., None]
        offsets_m = turned.squeeze(-1)
        return [
            Subject(*parts, self.skeleton, self.table)
            for parts in zip(betas, scales, neutral, offsets_m, strict=True)
        ]

    def standing_markers_m(self, betas: Tensor) -> Tensor:
        """
        Place the markers of bodies that stand with lowered arms.

        :param betas: [subjects, components].
        :returns: [subjects, markers, 3], OpenSim axes, float64.
        """
        return self.bones.positions_m(standing_pose(), betas).double().clone()

    def scales(self, markers_m: Tensor) -> Tensor:
        """
        Size the segments.

        :param markers_m: [subjects, markers, 3], of the standing body.
        :returns: [subjects, segments, 3], unitless.
        """
        scales = torch.ones(len(markers_m), len(self.skeleton.segment_names), 3).double()
        for stems, axes, pairs in MEASUREMENTS:
            columns = ['xyz'.index(axis) for axis in axes]
            factor = torch.stack([self._ratio(markers_m, *pair) for pair in pairs]).mean(0)
            for row in self._rows(stems):
                scales[:, row, columns] = factor[:, None]
        torso = self.skeleton.segment_index('torso')
        scales[:, torso, :2] = self._trunk_factor(markers_m, scales)[:, None]
        return scales

    def _ratio(self, markers_m: Tensor, first: str, second: str) -> Tensor:
        """Compare a distance, mean of both sides, with the unscaled skeleton's."""
        sides = ((first, second), (left_of(first), left_of(second)))
        measured = sum(
            (self.at(markers_m, a) - self.at(markers_m, b)).norm(dim=-1) for a, b in sides
        )
        ours = sum((self._unscaled(a) - self._unscaled(b)).norm() for a, b in sides)
        return torch.as_tensor(measured / ours)

    def _trunk_factor(self, markers_m: Tensor, scales: Tensor) -> Tensor:
        """Fit lumbar joint to shoulders into what the pelvis leaves of hips to shoulders."""
        hips, shoulders = (
            (self.at(markers_m, f'bp_right_{part}') + self.at(markers_m, f'bp_left_{part}')) / 2
            for part in ('hip', 'shoulder')
        )
        hip_m, shoulder_m = self._unscaled('bp_right_hip'), self._unscaled('bp_right_shoulder')
        back = self.skeleton.forward_kinematics(self.skeleton.default_coordinates).positions_m
        lumbar_m = back[self.skeleton.segment_index('torso')]
        pelvis = scales[:, self.skeleton.segment_index('pelvis'), 1]
        height_m = (shoulders - hips)[:, 1] - pelvis * (lumbar_m - hip_m)[1]
        return height_m / (shoulder_m - lumbar_m)[1]

    def _neutral(self, markers_m: Tensor, scales: Tensor) -> Tensor:
        targets_m = guides.guide_targets(
            self.skeleton,
            lambda name: self.at(markers_m, name),
            lambda name: self.at(self._mean_markers_m, name),
            scales,
        )
        weights = torch.tensor(guides.WEIGHTS).double()
        known = t_pose(self.skeleton)
        start = torch.as_tensor(start_pose(self.skeleton, standing_pose()[None], known))
        start = start.repeat(len(markers_m), 1)
        start[:, _columns(self.skeleton, 'pelvis_tx', 'pelvis_ty', 'pelvis_tz')] = (
            self.at(markers_m, 'bp_right_hip') + self.at(markers_m, 'bp_left_hip')
        ) / 2
        return solve_pose(
            guides.with_guides(self.skeleton),
            guides.NAMES,
            targets_m,
            weights=weights,
            scales=scales,
            initial=start,
        ).coordinates

    def at(self, markers_m: Tensor, name: str) -> Tensor:
        """
        Pick one marker.

        :param markers_m: [..., markers, 3].
        :param name: of the table.
        """
        return markers_m[..., self._index[name], :]

    @cached_property
    def _mean_markers_m(self) -> Tensor:
        return self.standing_markers_m(torch.zeros(1, self.body.num_components))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.table.names)}

    @cached_property
    def _unscaled_markers_m(self) -> Tensor:
        return self.skeleton.marker_positions(self.skeleton.default_coordinates)

    def _unscaled(self, name: str) -> Tensor:
        return self._unscaled_markers_m[self.skeleton.marker_names.index(name)]

    def _rows(self, stems: tuple[str, ...]) -> list[int]:
        names = [stem + side for stem in stems for side in ('', '_r', '_l')]
        return [row for row, name in enumerate(self.skeleton.segment_names) if name in names]


def standing_pose() -> Tensor:
    """
    Let the arms hang, a little away from the trunk; all else as in the T-pose.

    :returns: [24, 3], rotation vectors.
    """
    pose = torch.zeros(len(JOINT_NAMES), 3)
    pose[JOINT_NAMES.index('left_shoulder'), 2] = -guides.ARMS_LOWERED_RAD
    pose[JOINT_NAMES.index('right_shoulder'), 2] = guides.ARMS_LOWERED_RAD
    return pose


def _columns(skeleton: Skeleton, *names: str) -> list[int]:
    return [skeleton.coordinate_index(name) for name in names]
