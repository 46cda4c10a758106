"""Lengths of a body's limbs, its forward kinematics, its soles and its centre of mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import JOINT, MIRROR_POINT
from biopose_ros.training.motion.rotations import forward_kinematics, rotate

# Rest position of the joints as fractions of stature, left side and middle: (x, y, z).
# Heights and lengths follow the means of ANSUR II (trochanterion 0.513-0.519, lateral epicondyle
# 0.280-0.286, malleolus 0.040, radiale-stylion 0.150, hand 0.110); joint centres lie within them.
_TYPICAL = {
    'pelvis': (0.0, 0.545, 0.0),
    'left_hip': (0.05, 0.513, 0.0),
    'left_knee': (0.05, 0.281, 0.0),
    'left_ankle': (0.05, 0.041, 0.0),
    'left_foot': (0.052, 0.012, 0.073),
    'spine1': (0.0, 0.605, -0.005),
    'spine2': (0.0, 0.675, -0.01),
    'spine3': (0.0, 0.72, -0.008),
    'neck': (0.0, 0.845, -0.022),
    'head': (0.0, 0.9, -0.005),
    'left_collar': (0.03, 0.8, -0.01),
    'left_shoulder': (0.103, 0.805, -0.02),
    'left_elbow': (0.273, 0.805, -0.02),
    'left_wrist': (0.42, 0.805, -0.02),
    'left_hand': (0.468, 0.803, -0.017),
}
# Points of the left sole from the ankle joint, fractions of foot length: heel, inner and outer
# ball, toe tip, as (x outward, z forward). ANSUR II: heel to ball 0.74 of foot length, breadth
# 0.38 of it.
_SOLE = np.array([[0.0, -0.24], [-0.16, 0.5], [0.22, 0.43], [-0.02, 0.76]])
_FOOT_LENGTH = 0.153  # of stature, ANSUR II
_HAND_LENGTH = 0.11  # of stature, ANSUR II

# De Leva 1996 (J Biomech 29:1223), mean of women and men: (joint that carries the segment, mass
# fraction, proximal joint, distal joint, centre of mass from the proximal one). The trunk's parts
# follow his upper, middle and lower trunk.
_SEGMENTS = (
    ('head', 0.068, 'neck', 'head', 1.6),
    ('spine3', 0.157, 'spine3', 'neck', 0.45),
    ('spine1', 0.155, 'spine1', 'spine3', 0.4),
    ('pelvis', 0.118, 'pelvis', 'spine1', 0.0),
    *(
        (f'{side}_{carrier}', mass, f'{side}_{proximal}', f'{side}_{distal}', fraction)
        for side in ('left', 'right')
        for carrier, mass, proximal, distal, fraction in (
            ('hip', 0.1447, 'hip', 'knee', 0.385),
            ('knee', 0.0457, 'knee', 'ankle', 0.44),
            ('ankle', 0.0133, 'ankle', 'foot', 0.45),
            ('shoulder', 0.0263, 'shoulder', 'elbow', 0.576),
            ('elbow', 0.015, 'elbow', 'wrist', 0.457),
            ('wrist', 0.0059, 'wrist', 'hand', 0.9),
        )
    ),
)


@dataclass(frozen=True, eq=False)
class Proportions:
    """
    The rest pose of one body.

    :param rest_joints_m: [24, 3], metres, T-pose, sole at height 0.
    :param soles_m: [2, 4, 3], left and right: heel, inner ball, outer ball, toe tip; height 0.
    :param ends_m: [3, 3], top of the head, left and right finger tip.
    """

    rest_joints_m: FloatArray
    soles_m: FloatArray
    ends_m: FloatArray

    @classmethod
    def typical(cls, stature_m: float = 1.72) -> Proportions:
        """
        Give average adult proportions.

        :param stature_m: standing height, metres.
        """
        rest = np.zeros((24, 3))
        for name, point in _TYPICAL.items():
            rest[JOINT[name]] = point
            if name.startswith('left_'):
                rest[JOINT[name.replace('left', 'right')]] = point * MIRROR_POINT
        return cls.from_rest_joints(rest * stature_m)

    @classmethod
    def from_rest_joints(cls, joints_m: ArrayLike, sole_height_m: float = 0.0) -> Proportions:
        """
        Describe a body by its joints in the rest pose; soles and ends are estimated from them.

        :param joints_m: [24, 3], metres, in any place, T-pose, facing +Z.
        :param sole_height_m: y of the lowest vertex in the same axes.
        :raises ValueError: for a wrong shape or a body that is not upright.
        """
        joints = np.array(joints_m, dtype=np.float64)
        if joints.shape != (24, 3):
            raise ValueError(f'expected rest joints [24, 3], got {joints.shape}')
        joints[:, 1] -= sole_height_m
        joints[:, [0, 2]] -= joints[0, [0, 2]]
        if not 0.0 < joints[JOINT['left_ankle'], 1] < joints[JOINT['left_knee'], 1]:
            raise ValueError('the left ankle of the rest pose must lie above the sole (y = 0)')
        stature = joints[JOINT['head'], 1] / _TYPICAL['head'][1]
        ends = np.stack(
            [
                [0.0, stature, joints[JOINT['head'], 2]],
                joints[JOINT['left_wrist']] + [_HAND_LENGTH * stature, 0.0, 0.0],
                joints[JOINT['right_wrist']] - [_HAND_LENGTH * stature, 0.0, 0.0],
            ]
        )
        return cls(joints, _estimate_soles(joints, _FOOT_LENGTH * stature), ends)

    @cached_property
    def offsets_m(self) -> FloatArray:
        """[24, 3], each joint from its parent, metres; the root's is its rest position."""
        parents = [parent if parent >= 0 else 0 for parent in JOINT_PARENTS]
        offsets = self.rest_joints_m - self.rest_joints_m[parents]
        offsets[0] = self.rest_joints_m[0]
        return offsets

    @cached_property
    def leg_length_m(self) -> float:
        """Hip to knee to ankle, mean of both sides, metres."""
        return self._limb_m('knee', 'ankle')

    @cached_property
    def arm_length_m(self) -> float:
        """Shoulder to elbow to wrist, mean of both sides, metres."""
        return self._limb_m('elbow', 'wrist')

    def _limb_m(self, *joints: str) -> float:
        bones = [
            self.offsets_m[JOINT[f'{s}_{joint}']] for s in ('left', 'right') for joint in joints
        ]
        return float(np.linalg.norm(bones, axis=1).sum() / 2.0)

    @cached_property
    def stature_m(self) -> float:
        """Height of the top of the head, metres."""
        return float(self.ends_m[0, 1])

    @cached_property
    def segment_masses(self) -> tuple[FloatArray, list[int], FloatArray]:
        """Mass fractions [segments], the joint that carries each, its centre from that joint."""
        masses, carriers, centres = [], [], []
        for carrier, mass, proximal, distal, fraction in _SEGMENTS:
            start, end = self.rest_joints_m[[JOINT[proximal], JOINT[distal]]]
            masses.append(mass)
            carriers.append(JOINT[carrier])
            centres.append(start + fraction * (end - start) - self.rest_joints_m[JOINT[carrier]])
        total = np.array(masses)
        return total / total.sum(), carriers, np.array(centres)


def _estimate_soles(joints: FloatArray, foot_length_m: float) -> FloatArray:
    soles = np.zeros((2, 4, 3))
    for side, (name, outward) in enumerate((('left', 1.0), ('right', -1.0))):
        ankle = joints[JOINT[f'{name}_ankle']]
        soles[side, :, 0] = ankle[0] + outward * foot_length_m * _SOLE[:, 0]
        soles[side, :, 2] = ankle[2] + foot_length_m * _SOLE[:, 1]
    return soles


def random_body(rng: np.random.Generator) -> Proportions:
    """
    Draw an adult body: stature of either sex (ANSUR II), limbs a few per cent off the average.

    :param rng: random numbers.
    """
    mean, spread = ((1.756, 0.068), (1.629, 0.064))[rng.integers(2)]
    typical = Proportions.typical(float(np.clip(rng.normal(mean, spread), 1.45, 2.0)))
    legs, width = np.clip(rng.normal(1.0, [0.022, 0.06]), 0.85, 1.15)
    joints = typical.rest_joints_m.copy()
    hip = joints[JOINT['left_hip'], 1]
    # Longer legs and a shorter trunk, or the other way round, at the same stature.
    below = joints[:, 1] <= hip
    above = hip * legs + (joints[:, 1] - hip) * (typical.stature_m - hip * legs) / (
        typical.stature_m - hip
    )
    joints[:, 1] = np.where(below, joints[:, 1] * legs, above)
    joints[:, 0] *= width
    return Proportions.from_rest_joints(joints)


@dataclass(frozen=True, eq=False)
class Placed:
    """
    A body in some poses.

    :param proportions: the body.
    :param rotations: [frames, 24, 3, 3], joint axes to world.
    :param positions_m: [frames, 24, 3], world.
    """

    proportions: Proportions
    rotations: FloatArray
    positions_m: FloatArray

    def point(self, joint: str, rest_point_m: ArrayLike) -> FloatArray:
        """
        Carry points of the rest pose along with a joint.

        :param joint: the joint that carries them.
        :param rest_point_m: [points, 3] or [3], rest pose, metres.
        :returns: [frames, points, 3] or [frames, 3], world, metres.
        """
        index = JOINT[joint]
        local = np.asarray(rest_point_m) - self.proportions.rest_joints_m[index]
        moved = local @ np.swapaxes(self.rotations[:, index], -1, -2)
        return moved + (
            self.positions_m[:, index, None] if local.ndim == 2 else self.positions_m[:, index]
        )

    @cached_property
    def soles_m(self) -> FloatArray:
        """[frames, 2, 4, 3]: heel, inner ball, outer ball, toe tip of the left and right foot."""
        soles = []
        for side, name in enumerate(('left', 'right')):
            heel = self.point(f'{name}_ankle', self.proportions.soles_m[side, :3])
            toe = self.point(f'{name}_foot', self.proportions.soles_m[side, 3:])
            soles.append(np.concatenate([heel, toe], axis=1))
        return np.stack(soles, axis=1)

    @cached_property
    def ends_m(self) -> FloatArray:
        """[frames, 3, 3]: top of the head, left and right finger tip."""
        carriers = ('head', 'left_wrist', 'right_wrist')
        ends = zip(carriers, self.proportions.ends_m, strict=True)
        return np.stack([self.point(carrier, end) for carrier, end in ends], axis=1)

    @cached_property
    def centre_of_mass_m(self) -> FloatArray:
        """[frames, 3], world, metres."""
        masses, carriers, centres = self.proportions.segment_masses
        points = self.positions_m[:, carriers] + rotate(self.rotations[:, carriers], centres)
        return np.einsum('s,fsc->fc', masses, points)


def place(
    proportions: Proportions, local_rotations: FloatArray, translation_m: FloatArray
) -> Placed:
    """
    Compute forward kinematics.

    :param proportions: the body.
    :param local_rotations: [frames, 24, 3, 3], each joint in its parent.
    :param translation_m: [frames, 3], position of the pelvis joint in the world, metres.
    """
    offsets_m = proportions.offsets_m
    turned = forward_kinematics(JOINT_PARENTS, offsets_m, local_rotations, translation_m)
    return Placed(proportions, *turned)
