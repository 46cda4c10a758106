"""
What gravity tells of somebody who stands: the mass is above the feet, the soles lie flat.

One camera hardly sees how far a person leans towards it or away. Who stands on a foot and moves
slowly has the centre of mass above it, and its sole lies flat. Neither holds exactly or always:
large residuals count less, and a leg that is not upright, as in sitting and lying, tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.description import Marker

# 1 sigma of the centre of mass along the line of sight, and of the heel's height over the ball's,
# metres; and where these residuals begin to count less. On two real views it takes legs and trunk
# from 11.4 to 10.6 degrees; rendered sequences and a seated man are the same with and without.
_BALANCE_STDDEV_M, _BALANCE_ROBUST_M = 0.02, 0.15
_SOLE_STDDEV_M, _SOLE_ROBUST_M = 0.02, 0.05
# Where the centre of mass is, from the heel (0) to the ball (1): median of labelled standing
# motion, in which it varies by 0.15 (2 cm) from one person to another.
_BALANCE_AT = 0.62
# Both errors last: of the images within this time only one counts.
_ERRORS_LAST_S, _SHORTEST_STEP_S = 0.5, 0.001
# A thigh (for the balance) or shank (for the sole) that leans more than this carries nobody.
_UPRIGHT = np.cos(np.radians(45.0))
# Feet whose heights differ by this share the load about 3 to 1; one that is higher than the other
# by more than the second is in the air.
_LOAD_SHARED_M, _IN_THE_AIR_M = 0.03, 0.04
# A foot with a smaller share of the load carries nobody.
_LEAST_LOAD = 0.3
_SIDES = ('r', 'l')


@dataclass(frozen=True, eq=False)
class StanceRows:
    """
    Linearised measurements of somebody who stands.

    :param residual: [rows], metres.
    :param slopes: [rows, coordinates], of what is measured, as if each foot's load stayed.
    :param variance: [rows], metres^2.
    """

    residual: FloatArray
    slopes: FloatArray
    variance: FloatArray


class Stance:
    """
    Measures whoever stands by the direction of gravity.

    :param skeleton: with the default skeleton's legs; its segments' masses are used.
    :attr points: what must be placed for it: centres of mass, heels and balls.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        bodies = [body for body in skeleton.description.bodies if body.mass_kg > 0.0]
        points = [Marker(f'mass_{b.name}', b.name, b.mass_center_m) for b in bodies]
        ends = {joint.child: joint.parent_translation_m for joint in skeleton.description.joints}
        balls_m = [ends[f'toes_{side}'] for side in _SIDES]
        points += [Marker(f'heel_{side}', f'calcn_{side}', (0.0, 0.0, 0.0)) for side in _SIDES]
        points += [
            Marker(f'ball_{side}', f'calcn_{side}', ball_m)
            for side, ball_m in zip(_SIDES, balls_m, strict=True)
        ]
        self.points = tuple(points)
        mass_kg = np.array([body.mass_kg for body in bodies])
        self._mass_shares = np.append(mass_kg / mass_kg.sum(), np.zeros(2 * len(_SIDES)))
        self._heels = len(bodies) + np.arange(len(_SIDES))
        self._balls = self._heels + len(_SIDES)
        self._flat_m = -np.array(balls_m)[:, 1]  # the heel over the ball, of a level sole
        self._legs = np.array(
            [
                [skeleton.segment_index(f'{name}_{side}') for name in ('femur', 'tibia', 'talus')]
                for side in _SIDES
            ]
        )

    def rows(
        self,
        points_m: FloatArray,
        moves: FloatArray,
        segments_m: FloatArray,
        camera_m: FloatArray,
        step_s: float,
    ) -> StanceRows:
        """
        Measure the centre of mass by the feet that carry it, and the soles that are down.

        :param points_m: [points, 3], places of :attr:`points`, metres, level ground frame.
        :param moves: [points, 3, coordinates], their slopes.
        :param segments_m: [segments, 3], origins of the skeleton's segments, that frame.
        :param camera_m: [3], where the camera is, that frame.
        :param step_s: since the last image; the longer, the more an image counts.
        :returns: what holds of this pose; no rows where nobody stands.
        """
        joints_m = segments_m[self._legs]  # [sides, hip, knee and ankle, 3]
        bones_m = joints_m[:, :2] - joints_m[:, 1:]
        is_upright = bones_m[..., 1] > _UPRIGHT * np.linalg.norm(bones_m, axis=-1)
        heels_m, balls_m = points_m[self._heels], points_m[self._balls]
        height_m = np.minimum(heels_m[:, 1], balls_m[:, 1])
        load = 1.0 / (1.0 + np.exp((height_m - height_m[::-1]) / _LOAD_SHARED_M))
        carries = (load > _LEAST_LOAD) & is_upright[:, 0]
        is_down = (height_m < height_m.min() + _IN_THE_AIR_M) & is_upright[:, 1]

        over_feet = self._mass_shares.copy()  # weights of the points
        over_feet[self._heels] -= (1.0 - _BALANCE_AT) * load
        over_feet[self._balls] -= _BALANCE_AT * load
        sight = (self._mass_shares @ points_m - camera_m) * [1.0, 0.0, 1.0]
        sight /= max(float(np.linalg.norm(sight)), 1e-9)
        off_m = -(over_feet @ points_m @ sight)
        tilt_m = self._flat_m - (heels_m - balls_m)[:, 1]

        residual = np.append(off_m, tilt_m)
        slopes = np.vstack(
            [
                sight @ np.tensordot(over_feet, moves, 1),
                (moves[self._heels] - moves[self._balls])[:, 1],
            ]
        )
        variance = np.append(
            _robust_variance(off_m, _BALANCE_STDDEV_M, _BALANCE_ROBUST_M),
            _robust_variance(tilt_m, _SOLE_STDDEV_M, _SOLE_ROBUST_M),
        )
        applies = np.append(carries.any(), is_down)
        images = _ERRORS_LAST_S / np.clip(step_s, _SHORTEST_STEP_S, _ERRORS_LAST_S)
        return StanceRows(residual[applies], slopes[applies], images * variance[applies])


def _robust_variance(residual_m: FloatArray, stddev_m: float, robust_m: float) -> FloatArray:
    """Give variances that grow with the residuals (Cauchy)."""
    return np.asarray(stddev_m**2 * (1.0 + np.square(residual_m / robust_m)))
