"""
Measure how well skeleton and body are tied together.

Two questions: which angles a standing body has, and how far the skeleton's markers stay from the
body's. Other programs and models are compared in :mod:`.label_references`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.body import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.pelvis import PELVIS_ANGLES
from biopose_ros.training.labels import Anthropometry, Labeller, SkeletonTruth, Subject
from biopose_ros.training.labels.pose_labels import NECK
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.library import activity_clips, recorded_clips
from biopose_ros.training.motion.samplers import wide_poses
from biopose_ros.training.motion.splits import Split

NEUTRAL_COORDINATES = tuple(
    f'{name}_{side}'
    for name in (
        'hip_flexion',
        'hip_adduction',
        'hip_rotation',
        'knee_angle',
        'ankle_angle',
        'subtalar_angle',
    )
    for side in 'rl'
)
BATCH_POSES = 512
ACTIVITY_CLIPS = 60
HELD_RAD = 1e-4


@dataclass(frozen=True, eq=False)
class PoseSet:
    """
    Poses to label, each with a person.

    :param pose: [poses, 24, 3], rotation vectors.
    :param subjects: [poses].
    :param names: [poses], where each comes from.
    """

    pose: FloatArray
    subjects: Sequence[Subject]
    names: Sequence[str]


@dataclass(frozen=True, eq=False)
class MarkerFit:
    """
    How closely skeletons follow bodies.

    :param poses: that were labelled.
    :param truth: their labels.
    :param distances_m: [poses, markers], of all markers, fitted or not.
    """

    poses: PoseSet
    truth: SkeletonTruth
    distances_m: FloatArray

    @property
    def rms_mm(self) -> FloatArray:
        """Weighted root mean square distance of the fitted markers, [poses]."""
        return self.truth.residual_rms_m * 1e3


def draw_people(anthropometry: Anthropometry, count: int) -> list[Subject]:
    """
    Fit the skeleton to persons of the population, women and men in turn.

    :param anthropometry: of a body.
    :param count: how many; where the body has no population, betas are unit normal.
    """
    random = np.random.default_rng(0)
    population = anthropometry.body.data.population
    betas = random.standard_normal((count, anthropometry.body.num_components))
    if population is not None:
        betas = np.concatenate([population.sample(row % 2, 1, random) for row in range(count)])
    return anthropometry.subjects(torch.as_tensor(betas, dtype=torch.float32))


def neutral_angles_deg(anthropometry: Anthropometry, people: Sequence[Subject]) -> FloatArray:
    """
    Give the angles of standing persons: legs straight, feet flat and forward, arms hanging.

    :param anthropometry: of their body.
    :param people: fitted subjects.
    :returns: [people, coordinates], degrees; in :data:`NEUTRAL_COORDINATES` zero is wanted.
    """
    columns = [anthropometry.skeleton.coordinate_index(name) for name in NEUTRAL_COORDINATES]
    return np.degrees(torch.stack([person.neutral for person in people])[:, columns].numpy())


def draw_poses(
    body: BodyModel, people: Sequence[Subject], count: int, motion: Path | None
) -> PoseSet:
    """
    Draw random poses and, half of all, poses of recorded motion.

    :param body: whose proportions the motion gets.
    :param people: who takes the poses, at random.
    :param count: how many in all.
    :param motion: folder of recordings; None takes synthesised activities in their place.
    """
    random, proportions = np.random.default_rng(0), measure(body)
    wide = wide_poses(random, proportions, count - count // 2)
    clips = (
        activity_clips(ACTIVITY_CLIPS, 0, Split.TEST, proportions)
        if motion is None
        else recorded_clips(motion, proportions)
    )
    recorded = _frames(clips)
    chosen = [recorded[i] for i in random.integers(len(recorded), size=count // 2)]
    return PoseSet(
        np.concatenate([wide.pose, *(clip.pose[frame][None] for clip, frame in chosen)]),
        [people[i] for i in random.integers(len(people), size=count)],
        [f'random {i}' for i in range(len(wide))] + [f'{c.name}:{frame}' for c, frame in chosen],
    )


def _frames(clips: Sequence[MotionClip]) -> list[tuple[MotionClip, int]]:
    return [(clip, int(frame)) for clip in clips for frame in np.flatnonzero(clip.valid)]


def marker_fit(
    labeller: Labeller, poses: PoseSet, advance: Callable[[int], None] = lambda _: None
) -> MarkerFit:
    """
    Label poses, and measure how far the skeleton's markers are from the mesh's.

    :param labeller: of the body.
    :param poses: to label.
    :param advance: called with the number of poses done since the last call.
    """
    truths, distances = [], []
    for start in range(0, len(poses.pose), BATCH_POSES):
        part = slice(start, start + BATCH_POSES)
        truth = labeller.label_each(poses.subjects[part], poses.pose[part])
        truths.append(truth)
        distances.append(marker_distances_m(labeller.anthropometry, truth))
        advance(len(truth.coordinates))
    joined = SkeletonTruth(
        *(
            np.concatenate([getattr(truth, field) for truth in truths])
            for field in SkeletonTruth.__dataclass_fields__
        )
    )
    return MarkerFit(poses, joined, np.concatenate(distances))


def marker_distances_m(anthropometry: Anthropometry, truth: SkeletonTruth) -> FloatArray:
    """
    Measure the distance between every marker on the mesh and the same one on the skeleton.

    :param anthropometry: of the body.
    :param truth: labels.
    :returns: [frames, markers].
    """
    coordinates = torch.as_tensor(truth.coordinates).double()
    scales = torch.as_tensor(truth.scales)
    frames = anthropometry.skeleton.forward_kinematics(coordinates, scales)
    rotations = frames.rotations[:, anthropometry.segments]
    turned = (rotations @ torch.as_tensor(truth.marker_offsets_m)[..., None]).squeeze(-1)
    places_m = frames.positions_m[:, anthropometry.segments] + turned
    return (places_m - torch.as_tensor(truth.markers_m)).norm(dim=-1).numpy()


def held_coordinates(skeleton: Skeleton, coordinates: FloatArray) -> NDArray[np.bool_]:
    """
    Find the coordinates that a limit holds; the neck, which has no markers, counts as held.

    :param skeleton: whose limits count.
    :param coordinates: [coordinates].
    :returns: [coordinates].
    """
    lower, upper = skeleton.lower_limits.numpy(), skeleton.upper_limits.numpy()
    held = np.minimum(coordinates - lower, upper - coordinates) < HELD_RAD
    held[[skeleton.coordinate_index(name) for name in PELVIS_ANGLES]] = False
    held[[skeleton.coordinate_index(name) for name in NECK]] = True
    return held
