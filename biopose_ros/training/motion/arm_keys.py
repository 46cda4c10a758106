"""Named postures of an arm, in left form: hanging, folded, on the hip, at the ear, and reached."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.posture import reach
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.rotations import about, matrices_from_vectors


@dataclass(frozen=True, eq=False)
class ArmKey:
    """
    One posture of an arm, as if it were the left one.

    :param upper: [3, 3], upper arm from the T-pose.
    :param angles_rad: [4], elbow flexion, pronation, wrist flexion and deviation.
    :param upright: 0: in the chest's axes; 1: in the upright world, as gravity would have it.
    """

    upper: FloatArray
    angles_rad: FloatArray
    upright: float = 0.0


def arm_key(
    plane: float,
    elevation: float,
    *,
    axial: float = 0.0,
    elbow: float = 15.0,
    pronation: float = 20.0,
    wrist: float = 5.0,
    upright: float = 0.0,
) -> ArmKey:
    """
    Describe an arm by angles in degrees.

    :param plane: of elevation: 0 to the side, 90 to the front, 180 across the chest.
    :param elevation: 0 hanging, 90 level, 180 overhead.
    :param axial: turn about the upper arm's own axis, inward positive.
    :param elbow: flexion.
    :param pronation: palm down positive, zero with the thumb up.
    :param wrist: flexion towards the palm.
    :param upright: see :class:`ArmKey`.
    """
    plane_rad, elevation_rad = np.radians(plane), np.radians(elevation)
    axis = np.array([-np.sin(plane_rad), 0.0, np.cos(plane_rad)])
    raised = matrices_from_vectors(axis * elevation_rad)
    upper = raised @ about(2, -np.pi / 2) @ about(0, np.radians(axial))
    return ArmKey(upper, np.radians([elbow, pronation, wrist, 0.0]), upright)


def reach_key(
    body: Proportions,
    wrist_m: FloatArray,
    *,
    pole: tuple[float, float, float] = (0.5, -1.0, -0.4),
    pronation: float = 30.0,
    wrist: float = 0.0,
) -> ArmKey:
    """
    Bring the left wrist to a point that moves along with the chest.

    :param body: the body.
    :param wrist_m: [3], metres, in the rest pose's world axes (so that landmarks can be used).
    :param pole: where the elbow points, chest axes.
    :param pronation: degrees.
    :param wrist: flexion, degrees.
    """
    target = np.asarray(wrist_m) - body.rest_joints_m[JOINT['spine3']]
    upper, elbow = reach(body, 0, target[None], np.asarray(pole, float)[None])
    return ArmKey(upper[0], np.array([elbow[0], *np.radians([pronation, wrist]), 0.0]))


def hanging(rng: np.random.Generator) -> ArmKey:
    """Let the arm hang: slightly away from the body, elbow and fingers a little bent."""
    return arm_key(
        plane=rng.uniform(-10.0, 60.0),
        elevation=rng.uniform(5.0, 13.0),
        axial=rng.normal(10.0, 10.0),
        elbow=np.clip(rng.normal(17.0, 8.0), 4.0, 40.0),
        pronation=rng.normal(15.0, 15.0),
        wrist=rng.normal(5.0, 8.0),
        upright=rng.uniform(0.7, 1.0),
    )


def _rest(body: Proportions, joint: str) -> FloatArray:
    return body.rest_joints_m[JOINT[joint]]


def _chest_depth(body: Proportions) -> float:
    return 0.075 * body.stature_m  # half of ANSUR's chest depth, 0.145 to 0.152 of stature


def crossed(rng: np.random.Generator, body: Proportions) -> tuple[ArmKey, ArmKey]:
    """Fold the arms before the chest, one over the other; left and right key."""
    height = _rest(body, 'spine3')[1] + rng.uniform(-0.03, 0.035) * body.stature_m
    front = _chest_depth(body) + rng.uniform(0.0, 0.015) * body.stature_m
    keys = []
    for layer in (0.0, 0.022):
        across = -rng.uniform(0.02, 0.05) * body.stature_m
        lift = (layer - 0.01) * body.stature_m
        wrist = np.array([across, height + lift, front + layer * body.stature_m])
        keys.append(_folded(rng, body, wrist, (0.8, -1.0, -0.1)))
    return (keys[0], keys[1]) if rng.random() < 0.5 else (keys[1], keys[0])


def hands_on_shoulders(rng: np.random.Generator, body: Proportions) -> tuple[ArmKey, ArmKey]:
    """Cross the arms with the hands on the opposite shoulders, as the chair-stand test asks."""
    shoulder = _rest(body, 'right_shoulder')
    keys = []
    for layer in (0.0, 0.022):
        lift = rng.uniform(-0.055, -0.025) * body.stature_m
        front = _chest_depth(body) + layer * body.stature_m
        keys.append(
            _folded(rng, body, shoulder * [0.45, 1.0, 0.0] + [0.0, lift, front], (0.3, -1.0, 0.3))
        )
    return (keys[0], keys[1]) if rng.random() < 0.5 else (keys[1], keys[0])


def _folded(
    rng: np.random.Generator,
    body: Proportions,
    wrist_m: FloatArray,
    pole: tuple[float, float, float],
) -> ArmKey:
    """Lay the forearm on the chest, palm to the body, fingers around what they meet."""
    pronation, curl = rng.uniform(-15.0, 35.0), rng.uniform(10.0, 45.0)
    return reach_key(body, wrist_m, pole=pole, pronation=pronation, wrist=curl)


def on_hip(rng: np.random.Generator, body: Proportions) -> ArmKey:
    """Put the hand on the hip, elbow out."""
    waist = _rest(body, 'spine1')[1] + rng.uniform(-0.02, 0.01) * body.stature_m
    out = (0.095 + rng.uniform(0.005, 0.02)) * body.stature_m
    wrist = np.array([out, waist, rng.uniform(-0.01, 0.03) * body.stature_m])
    pole = (1.0, -0.2, rng.uniform(-0.9, -0.3))
    return reach_key(body, wrist, pole=pole, pronation=rng.uniform(20, 60), wrist=-30.0)


def in_pocket(rng: np.random.Generator, body: Proportions) -> ArmKey:
    """Put the hand in a trouser pocket."""
    height = _rest(body, 'pelvis')[1] + rng.uniform(0.0, 0.02) * body.stature_m
    out = rng.uniform(0.098, 0.108) * body.stature_m
    wrist = np.array([out, height, rng.uniform(0.01, 0.035) * body.stature_m])
    return reach_key(body, wrist, pole=(0.5, -0.2, -1.0), pronation=rng.uniform(10, 40))


def at_ear(rng: np.random.Generator, body: Proportions) -> ArmKey:
    """Hold a telephone to the ear."""
    head = _rest(body, 'head')
    beside = [rng.uniform(0.055, 0.068), rng.uniform(-0.085, -0.06), rng.uniform(0.05, 0.07)]
    wrist = head + np.array(beside) * body.stature_m
    pole = (rng.uniform(0.2, 0.9), -1.0, rng.uniform(-0.2, 0.2))
    return reach_key(body, wrist, pole=pole, pronation=rng.uniform(-20, 20))


def at_mouth(rng: np.random.Generator, body: Proportions) -> ArmKey:
    """Hold a cup to the mouth."""
    head = _rest(body, 'head')
    wrist = head + np.array([0.05, rng.uniform(-0.085, -0.06), 0.08]) * body.stature_m
    return reach_key(body, wrist, pole=(0.6, -1.0, 0.1), pronation=rng.uniform(-10, 30))


def before_chest(rng: np.random.Generator, body: Proportions, *, forward: float) -> ArmKey:
    """
    Hold the hand before the body, as to read a screen or to carry a box.

    :param rng: random numbers.
    :param body: the body.
    :param forward: distance from the chest's surface, share of stature.
    """
    height = _rest(body, 'spine2')[1] + rng.uniform(-0.04, 0.1) * body.stature_m
    across = rng.uniform(0.03, 0.09) * body.stature_m
    wrist = np.array([across, height, _chest_depth(body) + forward * body.stature_m])
    return reach_key(body, wrist, pole=(0.5, -1.0, -0.3), pronation=rng.uniform(-20, 40))


def forward(rng: np.random.Generator) -> ArmKey:
    """Stretch the arm out to the front, level, as in a counterbalanced squat."""
    return arm_key(
        plane=rng.uniform(75.0, 95.0),
        elevation=rng.uniform(70.0, 95.0),
        axial=rng.normal(0.0, 10.0),
        elbow=rng.uniform(2.0, 20.0),
        pronation=rng.uniform(0.0, 80.0),
        wrist=0.0,
        upright=0.9,
    )


def clasped(rng: np.random.Generator, body: Proportions) -> tuple[ArmKey, ArmKey]:
    """Hold the hands together before the chest."""
    height = _rest(body, 'spine3')[1] + rng.uniform(-0.03, 0.06) * body.stature_m
    depth = _chest_depth(body) + rng.uniform(0.08, 0.14) * body.stature_m
    wrist = np.array([0.03 * body.stature_m, height, depth])
    key = reach_key(body, wrist, pole=(0.6, -1.0, -0.1), pronation=rng.uniform(-10, 20))
    return key, replace(key)
