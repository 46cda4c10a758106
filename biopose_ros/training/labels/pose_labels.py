"""
Skeleton coordinates of a posed body: inverse kinematics on virtual markers, many frames at once.

Each frame starts from the body's own joint rotations, so that the search is short, cannot end in a
wrong posture, and follows a clip without jumps. The markers then decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from biopose_ros.records import FloatArray
from biopose_ros.skeleton.initial_pose import align
from biopose_ros.skeleton.least_squares import minimise
from biopose_ros.skeleton.limits import search_limits
from biopose_ros.skeleton.marker_kinematics import compile_markers
from biopose_ros.skeleton.pelvis import PELVIS_ANGLES
from biopose_ros.skeleton.sides import left_of
from biopose_ros.training.labels.anthropometry import (
    Anthropometry,
    Subject,
    standing_pose,
)
from biopose_ros.training.labels.people import People, PeopleProblem
from biopose_ros.training.labels.start_pose import KnownPose, euler, follow, start_pose
from biopose_ros.virtual_markers.on_skeleton import with_markers

# Weights of the markers that are fitted, right side and middle. Bony landmarks and joint centres
# count; those over the shoulder girdle, which the skeleton does not have, count little.
LABEL_WEIGHTS = {
    'C7': 1.0,
    'T2': 1.0,
    'T4': 1.0,
    'R_Sternum': 1.0,
    'R_clavicle': 0.3,
    'R_Shoulder': 0.05,
    'r.ASIS': 3.0,
    'r.PSIS': 3.0,
    'R_HJC': 2.0,
    'r_knee': 1.0,
    'r_mknee': 1.0,
    'bp_right_knee': 1.0,
    'r_ankle': 1.0,
    'r_mankle': 1.0,
    'bp_right_ankle': 1.0,
    'r_calc': 1.0,
    'r_toe': 1.0,
    'r_5meta': 1.0,
    'R_toe_tip1': 0.3,
    'R_toe_tip5': 0.3,
    'bp_right_shoulder': 0.3,
    'R_elbow_lat': 1.0,
    'R_elbow_med': 1.0,
    'bp_right_elbow': 1.0,
    'R_wrist_radius': 1.0,
    'R_wrist_ulna': 1.0,
    'bp_right_wrist': 1.0,
    'R_knuckle2': 0.5,
    'R_knuckle5': 0.5,
    'R_knuckle1': 0.2,
}
# A mesh's neck bends and shears in two joints, the skeleton's turns in one: places on the head
# would make a false tilt of the shear. So the head's attitude alone sets the neck's angles.
HEAD = ('chin', 'head_vertex', 'R_tragion', 'L_tragion', 'R_front_head', 'L_front_head', 'bp_nose')
ONES = torch.ones(len(HEAD))
NECK = ('neck_extension', 'neck_bending', 'neck_rotation')
# Where the markers leave an angle open (arms held level), the joint rotations decide.
START_STDDEV = 10.0
MARKER_STDDEV_M = 0.01
HARD_M, MUCH_BETTER = 0.018, 0.85
ARMS_RAD = tuple(
    dict(zip(('arm_flex', 'arm_add', 'arm_rot', 'elbow_flex'), angles, strict=True))
    for angles in ((0.8, -0.5, 0.0, 1.0), (0.8, 0.5, 0.5, 1.0), (-0.6, -0.3, 0.0, 0.8))
)
# Within 0.01 degrees of an endless search in 999 of 1000 frames, at twice its speed.
MAX_ITERATIONS, TOLERANCE, DAMPING = 8, 1e-3, 1e-3


@dataclass(frozen=True, eq=False)
class SkeletonTruth:
    """
    Coordinates and sizes of the skeletons of moving bodies.

    :param coordinates: [frames, coordinates], within the limits; radians, pelvis translations in
        metres. In a motion the pelvis's tilt and rotation run on beyond half a turn.
    :param scales: [segments, 3], unitless; [frames, segments, 3] where persons differ.
    :param marker_offsets_m: [markers, 3], in the frames of the scaled segments; [frames, markers,
        3] where persons differ.
    :param markers_m: [frames, markers, 3], on the mesh, OpenSim axes.
    :param residual_rms_m: [frames], weighted distance between the fitted landmarks, as the body's
        bones carry them, and the skeleton's.
    """

    coordinates: FloatArray
    scales: FloatArray
    marker_offsets_m: FloatArray
    markers_m: FloatArray
    residual_rms_m: FloatArray


class Labeller:
    """
    Gives the skeleton's truth for posed bodies.

    :attr anthropometry: fits the skeleton to shapes.
    :attr names: the markers that are fitted.
    :attr weights: [fitted markers].
    """

    def __init__(self, anthropometry: Anthropometry) -> None:
        """
        Choose the markers.

        :param anthropometry: of the body.
        """
        self.anthropometry = anthropometry
        weights = {
            name: weight
            for right, weight in LABEL_WEIGHTS.items()
            for name in (right, left_of(right))
        }
        self.names = tuple(weights)
        self.weights = torch.tensor(list(weights.values()))
        self._rows = [anthropometry.table.index(name) for name in self.names]
        chosen = anthropometry.table.select(self.names)
        nowhere = torch.zeros(len(self.names), 3)
        self._skeleton = with_markers(
            anthropometry.skeleton, chosen.names, chosen.segments, nowhere
        )

    def label(
        self, subject: Subject, pose: FloatArray, translation_m: FloatArray | None = None
    ) -> SkeletonTruth:
        """
        Label the motion of one person.

        :param subject: from :meth:`~.anthropometry.Anthropometry.subject`.
        :param pose: [frames, 24, 3], rotation vectors, in the order of time.
        :param translation_m: [frames, 3], where the pelvis joint is, body axes; None is zero.
        """
        truth = self._label([subject], pose, translation_m, is_motion=True)
        return replace(
            truth, scales=subject.scales.numpy(), marker_offsets_m=subject.marker_offsets_m.numpy()
        )

    def label_each(self, subjects: Sequence[Subject], pose: FloatArray) -> SkeletonTruth:
        """
        Label single poses of many persons.

        :param subjects: one per pose.
        :param pose: [poses, 24, 3], rotation vectors, in any order; pelvis joints at the origin.
        :raises ValueError: when there are not as many persons as poses.
        """
        if len(subjects) != len(pose):
            raise ValueError(f'expected one person per pose, got {len(subjects)} and {len(pose)}')
        return self._label(subjects, pose, None, is_motion=False)

    def bone_markers_m(self, subject: Subject, pose: FloatArray) -> FloatArray:
        """
        Place the fitted markers as the bones carry them.

        :param subject: the person.
        :param pose: [..., 24, 3], rotation vectors; the pelvis joint is at the origin.
        :returns: [..., fitted markers, 3], OpenSim axes.
        """
        poses = torch.as_tensor(np.asarray(pose), dtype=torch.float32)
        people = People.of([subject])
        shift_m = self._shift_m(people, poses, None)[0]
        bones_m = self.anthropometry.bones.positions_m(poses, subject.betas, shift_m)
        return bones_m[..., self._rows, :].numpy()

    def _label(
        self,
        subjects: Sequence[Subject],
        pose: FloatArray,
        translation_m: FloatArray | None,
        is_motion: bool,
    ) -> SkeletonTruth:
        poses = torch.as_tensor(np.asarray(pose), dtype=torch.float32)
        people = People.of(subjects)
        shift_m = self._shift_m(people, poses, translation_m)
        markers_m = self.anthropometry.marker_body.positions_m(poses, people.betas, shift_m)
        bones_m = self.anthropometry.bones.positions_m(poses, people.betas, shift_m)
        start = self._start(people, poses, markers_m, is_motion)
        people = people.expand(len(poses))
        coordinates, residual_m = self._solve_hard(people, bones_m[:, self._rows], start)
        coordinates = self._with_neck(people, coordinates, markers_m, is_motion)
        coordinates = self._with_pelvis(coordinates, is_motion)
        return SkeletonTruth(
            coordinates.numpy(),
            people.scales.numpy(),
            people.offsets_m.numpy(),
            markers_m.numpy(),
            residual_m.numpy(),
        )

    def _shift_m(self, people: People, poses: Tensor, translation_m: FloatArray | None) -> Tensor:
        shift_m = torch.zeros(len(poses), 3)
        if translation_m is not None:
            shift_m = torch.as_tensor(np.asarray(translation_m), dtype=torch.float32)
        rest_m = self.anthropometry.body.shaped_joints_m(people.betas)[:, 0]
        return shift_m - rest_m

    def _start(self, people: People, poses: Tensor, markers_m: Tensor, is_motion: bool) -> Tensor:
        skeleton = self.anthropometry.skeleton
        known = KnownPose(standing_pose(), people.neutral)
        start = torch.as_tensor(start_pose(skeleton, poses, known, is_motion))
        frames = skeleton.forward_kinematics(start, people.scales)
        hips = [skeleton.segment_index(f'femur_{side}') for side in 'rl']
        markers = [self.anthropometry.table.index(f'bp_{side}_hip') for side in ('right', 'left')]
        shift_m = markers_m[:, markers].mean(1) - frames.positions_m[:, hips].mean(1)
        start[:, [skeleton.coordinate_index(f'pelvis_t{axis}') for axis in 'xyz']] += shift_m
        return start.float()

    def _solve_hard(
        self, people: People, targets_m: Tensor, start: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Fit; where arms got caught at their limits, try again with arms before the trunk."""
        coordinates, residual_m = self._solve(people, targets_m, start)
        for arms in ARMS_RAD:
            hard = (residual_m > HARD_M).nonzero()[:, 0]
            if not len(hard):
                break
            retry = start[hard]
            for name, angle in arms.items():
                for side in 'rl':
                    retry[:, self._skeleton.coordinate_index(f'{name}_{side}')] = angle
            found, found_m = self._solve(people.select(hard), targets_m[hard], retry)
            better = found_m < MUCH_BETTER * residual_m[hard]
            coordinates[hard[better]], residual_m[hard[better]] = found[better], found_m[better]
        return coordinates, residual_m

    def _solve(self, people: People, targets_m: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """Fit coordinates [frames, coordinates]; residuals [frames] in metres."""
        skeleton, scales = self._skeleton, people.scales.to(start)
        markers = compile_markers(skeleton, self.names, start)
        offsets_m = people.offsets_m[:, self._rows].to(start) / scales[:, markers.segments]
        lower, upper = search_limits(skeleton, start)
        # The list is free while searching, so that a lying person is not caught at its limit.
        column = skeleton.coordinate_index('pelvis_list')
        lower[column], upper[column] = -torch.inf, torch.inf
        with torch.inference_mode():
            problem = PeopleProblem(
                replace(markers, offsets_m=offsets_m),
                targets_m,
                (self.weights / MARKER_STDDEV_M**2).expand(len(start), -1),
                scales,
                start,
                torch.full_like(start, START_STDDEV**-2),
                lower,
                upper,
            )
            at, _, _ = minimise(problem, start, MAX_ITERATIONS, TOLERANCE, DAMPING)
            distance_m = (problem.markers.positions(at, scales) - targets_m).norm(dim=-1)
            residual_m = ((distance_m**2 * self.weights).sum(-1) / self.weights.sum()).sqrt()
        return at.clone(), residual_m.clone()

    def _with_neck(
        self, people: People, coordinates: Tensor, markers_m: Tensor, is_motion: bool
    ) -> Tensor:
        """Turn the head as its markers are turned, wherever they are."""
        skeleton, table = self.anthropometry.skeleton, self.anthropometry.table
        rows = [table.index(name) for name in HEAD]
        head, _ = align(people.offsets_m[:, rows].to(markers_m), markers_m[:, rows], ONES)
        frames = skeleton.forward_kinematics(coordinates)
        torso = frames.rotations[:, skeleton.segment_index('torso')]
        columns = [skeleton.coordinate_index(name) for name in NECK]
        limits = skeleton.lower_limits[columns].numpy(), skeleton.upper_limits[columns].numpy()
        turns = follow(euler((torso.mT @ head).numpy(), NECK), *limits, is_motion)
        coordinates[:, columns] = torch.as_tensor(turns.clip(*limits)).to(coordinates)
        return coordinates

    def _with_pelvis(self, coordinates: Tensor, is_motion: bool) -> Tensor:
        """Bring the list within a quarter turn; let tilt and rotation run on over half turns."""
        skeleton = self.anthropometry.skeleton
        pelvis = skeleton.forward_kinematics(coordinates).rotations[:, 0].numpy()
        columns = [skeleton.coordinate_index(name) for name in PELVIS_ANGLES]
        limits = skeleton.lower_limits[columns].numpy(), skeleton.upper_limits[columns].numpy()
        turns = follow(euler(pelvis, PELVIS_ANGLES), *limits, is_motion)
        if is_motion:
            turns = np.unwrap(turns, axis=0)
        coordinates[:, columns] = torch.as_tensor(turns).to(coordinates)
        return coordinates
