"""
Skeleton coordinates of a posed body: inverse kinematics on virtual markers, many frames at once.

Each frame starts from the body's own joint rotations, so that the search is short, cannot end in a
wrong posture, and follows a clip without jumps. The markers then decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import PosePrior, SolverConfig, solve_pose
from biopose_ros.skeleton.initial_pose import align
from biopose_ros.training.labels.anthropometry import Anthropometry, Subject, standing_pose
from biopose_ros.training.labels.landmarks import mirrored_name
from biopose_ros.training.labels.start_pose import KnownPose, euler, follow, start_pose
from biopose_ros.training.motion.clip import MotionClip

# Weights of the markers that are fitted, right side and middle. Bony landmarks and joint centres
# count; those over the shoulder girdle, which the skeleton does not have, count little.
LABEL_WEIGHTS = {
    'C7': 1.0,
    'T2': 1.0,
    'T4': 1.0,
    'R_Sternum': 1.0,
    'R_clavicle': 0.3,
    'R_Shoulder': 0.05,
    'r.ASIS': 1.0,
    'r.PSIS': 1.0,
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
    'R_elbow_lat': 0.2,
    'R_elbow_med': 0.2,
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
PELVIS = ('pelvis_tilt', 'pelvis_list', 'pelvis_rotation')
NECK = ('neck_extension', 'neck_bending', 'neck_rotation')
# Where the markers leave an angle open (arms held level), the joint rotations decide.
START_STDDEV = 1.0
CONFIG = SolverConfig(max_iterations=8, tolerance=1e-3)


@dataclass(frozen=True, eq=False)
class SkeletonTruth:
    """
    What the skeleton of a moving body does.

    :param coordinates: [frames, coordinates], within the limits; radians, pelvis translations in
        metres. The pelvis's angles run on beyond half a turn where a clip does.
    :param scales: [segments, 3], unitless.
    :param marker_offsets_m: [markers, 3], in the frames of the scaled segments.
    :param markers_m: [frames, markers, 3], on the mesh, OpenSim axes.
    :param residual_rms_m: [frames], weighted distance between mesh and skeleton markers.
    """

    coordinates: FloatArray
    scales: FloatArray
    marker_offsets_m: FloatArray
    markers_m: FloatArray
    residual_rms_m: FloatArray


class Labeller:
    """
    Gives the skeleton's truth for bodies in motion.

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
            for name in (right, mirrored_name(right))
        }
        self.names = tuple(weights)
        self.weights = torch.tensor(list(weights.values()))
        self._rows = [anthropometry.table.index(name) for name in self.names]

    def label(
        self, subject: Subject, pose: FloatArray, translation_m: FloatArray | None = None
    ) -> SkeletonTruth:
        """
        Label frames of one person.

        :param subject: from :meth:`~.anthropometry.Anthropometry.subject`.
        :param pose: [frames, 24, 3], rotation vectors; in the order of time where they are a
            motion.
        :param translation_m: [frames, 3], where the pelvis joint is, body axes; None is zero.
        """
        poses = torch.as_tensor(np.asarray(pose), dtype=torch.float32)
        rest = self.anthropometry.body.shaped_joints_m(subject.betas)[0]
        shift = torch.zeros(len(poses), 3)
        if translation_m is not None:
            shift = torch.as_tensor(np.asarray(translation_m), dtype=torch.float32)
        markers_m = self.anthropometry.marker_body.positions_m(poses, subject.betas, shift - rest)
        start = self._start(subject, poses, markers_m)
        prior = PosePrior(start, torch.full_like(start[0], START_STDDEV))
        solution = solve_pose(
            subject.skeleton,
            self.names,
            markers_m[:, self._rows].clone(),
            weights=self.weights,
            scales=subject.scales.float(),
            initial=start,
            prior=prior,
            config=CONFIG,
        )
        coordinates = self._with_neck(subject, solution.coordinates, markers_m)
        return SkeletonTruth(
            self._with_pelvis(coordinates).numpy(),
            subject.scales.numpy(),
            subject.marker_offsets_m.numpy(),
            markers_m.numpy(),
            solution.residual_rms_m.numpy(),
        )

    def _start(self, subject: Subject, pose: Tensor, markers_m: Tensor) -> Tensor:
        skeleton = self.anthropometry.skeleton
        known = KnownPose(standing_pose(), subject.neutral)
        start = torch.as_tensor(start_pose(skeleton, pose, known))
        frames = skeleton.forward_kinematics(start, subject.scales)
        hips = [skeleton.segment_index(f'femur_{side}') for side in 'rl']
        markers = [self.anthropometry.table.index(f'bp_{side}_hip') for side in ('right', 'left')]
        shift_m = markers_m[:, markers].mean(1) - frames.positions_m[:, hips].mean(1)
        start[:, [skeleton.coordinate_index(f'pelvis_t{axis}') for axis in 'xyz']] += shift_m
        return start.float()

    def _with_neck(self, subject: Subject, coordinates: Tensor, markers_m: Tensor) -> Tensor:
        """Turn the head as its markers are turned, wherever they are."""
        skeleton, table = self.anthropometry.skeleton, self.anthropometry.table
        rows = [table.index(name) for name in HEAD]
        offsets_m = subject.marker_offsets_m[rows].to(markers_m)
        head, _ = align(offsets_m.expand(len(markers_m), -1, -1), markers_m[:, rows], ONES)
        frames = skeleton.forward_kinematics(coordinates, subject.scales.to(coordinates))
        torso = frames.rotations[:, skeleton.segment_index('torso')]
        columns = [skeleton.coordinate_index(name) for name in NECK]
        limits = skeleton.lower_limits[columns].numpy(), skeleton.upper_limits[columns].numpy()
        turns = follow(euler((torso.mT @ head).numpy(), NECK), *limits)
        coordinates[:, columns] = torch.as_tensor(turns).to(coordinates)
        return skeleton.clamp(coordinates)

    def _with_pelvis(self, coordinates: Tensor) -> Tensor:
        """Bring the list within a quarter turn; let tilt and rotation run on over half turns."""
        skeleton = self.anthropometry.skeleton
        pelvis = skeleton.forward_kinematics(coordinates).rotations[:, 0].numpy()
        columns = [skeleton.coordinate_index(name) for name in PELVIS]
        limits = skeleton.lower_limits[columns].numpy(), skeleton.upper_limits[columns].numpy()
        turns = np.unwrap(follow(euler(pelvis, PELVIS), *limits), axis=0)
        coordinates[:, columns] = torch.as_tensor(turns).to(coordinates)
        return coordinates


def label_clip(body: BodyModel, betas: Tensor | FloatArray, clip: MotionClip) -> SkeletonTruth:
    """
    Label every frame of a clip.

    :param body: the body model, on the CPU.
    :param betas: [components].
    :param clip: made for the body of these betas, see
        :func:`~biopose_ros.training.motion.clip.refit`.
    """
    labeller = _labeller(body)
    subject = labeller.anthropometry.subject(torch.as_tensor(betas, dtype=torch.float32))
    return labeller.label(subject, clip.pose, clip.translation_m)


@lru_cache(maxsize=4)
def _labeller(body: BodyModel) -> Labeller:
    return Labeller(Anthropometry(body))
