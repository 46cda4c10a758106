"""
A realistic population of adults: Anny's bodies, corrected to the measures of real persons.

Anny's phenotypes alone give neither the spread of adults nor their segment lengths. So bodies are
drawn, and each is then moved, along the directions in which bodies differ, until it measures like
one person of the ANSUR II survey. What the survey does not see keeps the variety of the draw.
(This is conditional simulation, known from geostatistics, with the covariances taken from a draw,
as in an ensemble Kalman filter.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from biopose_ros.body.joints import JOINT_NAMES, MIRRORED_JOINTS
from biopose_ros.records import FloatArray
from biopose_ros.training.body.anny_source import LOCAL_CHANGES, AnnySource, RestShapes, unsided
from biopose_ros.training.body.measures import Measures, marker_points
from biopose_ros.training.body.rest_pose import straighten
from biopose_ros.virtual_markers import MarkerTable

# How closely each kind of measure is met, as a share of its mean. Bones of the limbs: as well as
# callipers read them. Girths and the heights of landmarks under the trunk's flesh: loosely, since
# forcing them dents the skin.
LOOSE = {'weight_kg': 0.002, 'hipbreadth': 0.015, 'circumference': 0.04}
TRUNK = ('cervicale', 'suprasternale', 'tenthrib', 'iliocristale', 'trochanterion', 'crotch')
TRUNK_HEIGHT, LENGTH = 0.012, 0.002
ROUNDS = 8
CHUNK = 50


@dataclass(frozen=True)
class Bodies:
    """
    Bodies in the T-pose, the pelvis joint at the origin.

    :param vertices_m: [bodies, vertices, 3].
    :param joints_m: [bodies, 24, 3].
    """

    vertices_m: FloatArray
    joints_m: FloatArray

    @classmethod
    def of(cls, parts: Sequence[Bodies]) -> Bodies:
        """Join bodies that were made apart."""
        return cls(
            np.concatenate([part.vertices_m for part in parts]),
            np.concatenate([part.joints_m for part in parts]),
        )


def draw_phenotypes(
    generator: np.random.Generator, is_woman: FloatArray, local_spread: float
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """
    Draw Anny's parameters around adults.

    :param generator: source of randomness.
    :param is_woman: [bodies], 1 for women, 0 for men.
    :param local_spread: standard deviation of the local changes, whose full range is -1 to 1.
    :returns: phenotypes, and local changes without their side; [bodies] each.
    """
    count = len(is_woman)

    def around(mean: float, spread: float) -> FloatArray:
        return np.clip(generator.normal(mean, spread, count), 0.0, 1.0)

    # MakeHuman's heaviest shape is at 1; the survey goes beyond.
    weight = generator.uniform(0.2, 1.4, count)

    phenotypes: dict[str, FloatArray] = {
        'gender': np.abs(is_woman - 0.1 * generator.random(count)),
        'age': generator.uniform(0.65, 0.9, count),
        'muscle': around(0.5, 0.15),
        'weight': weight,
        'height': around(0.36, 0.07),
        'proportions': around(0.6, 0.15),
        'cupsize': around(0.5, 0.1),
        'firmness': around(0.6, 0.1),
        **{race: generator.random(count) + 0.01 for race in ('african', 'asian', 'caucasian')},
    }
    names = sorted({unsided(label) for label in LOCAL_CHANGES})
    local: dict[str, FloatArray] = {
        name: np.clip(generator.normal(0.0, local_spread, count), -1, 1) for name in names
    }
    return phenotypes, local


def t_posed(source: AnnySource, shapes: RestShapes, markers: MarkerTable) -> Bodies:
    """
    Bring bodies into the T-pose and place their joints by anatomy.

    :param source: where the bodies come from.
    :param shapes: in anny's rest pose.
    :param markers: the topology's markers.
    """
    joints = anatomical_joints(source, shapes, markers)
    points = marker_points(markers, shapes.vertices_m)

    def bone(name: str) -> FloatArray:
        return shapes.bone_heads_m[:, source.bone_names.index(name)]

    left = {
        'pelvis': joints[:, 0],
        **{
            name.removeprefix('left_'): joints[:, row]
            for row, name in enumerate(JOINT_NAMES)
            if name.startswith('left_')
        },
        'index_knuckle': bone('finger2-1.L'),
        'middle_knuckle': bone('finger3-1.L'),
        'little_knuckle': bone('finger5-1.L'),
        'heel': points['L_calc'],
        'toe': points['L_toe'],
        'knee_medial': points['L_mknee'],
        'knee_lateral': points['L_knee'],
    }
    # The joints ride along as points that follow themselves alone.
    count = len(source.mirror)
    posed = straighten(
        np.concatenate([shapes.vertices_m, joints], axis=1),
        left,
        np.concatenate([source.joint_weights(), np.eye(len(JOINT_NAMES))]),
        np.concatenate([source.mirror, count + np.array(MIRRORED_JOINTS)]),
    )
    return Bodies(posed[:, :count], posed[:, count:])


def anatomical_joints(source: AnnySource, shapes: RestShapes, markers: MarkerTable) -> FloatArray:
    """
    Place the joints of bodies in anny's rest pose.

    Knee, ankle, elbow and wrist lie midway between their epicondyles, malleoli or styloids; the
    root of the toes between the back and the sole of the foot. The hip lies 36 % of the distance
    between the two ASIS to the side (Bell et al. 1990), at the height of the greater trochanter's
    top, halfway from ASIS to PSIS in depth. The others are anny's.

    :returns: [bodies, 24, 3].
    """
    joints = source.joint_heads(shapes)
    points = marker_points(markers, shapes.vertices_m)
    for part, (first, second) in MIDWAY_JOINTS.items():
        middle = (points[f'L_{first}'] + points[f'L_{second}']) / 2.0
        joints[:, JOINT_NAMES.index(f'left_{part}')] = middle
    asis, psis = points['L.ASIS'], points['L.PSIS']
    joints[:, JOINT_NAMES.index('left_hip')] = np.stack(
        [0.72 * asis[:, 0], points['L_trochanter'][:, 1], (asis[:, 2] + psis[:, 2]) / 2.0], axis=1
    )
    for joint, name in enumerate(JOINT_NAMES):
        if name.startswith('right_'):
            joints[:, joint] = joints[:, MIRRORED_JOINTS[joint]] * [-1.0, 1.0, 1.0]
    return joints


MIDWAY_JOINTS = {
    'knee': ('knee', 'mknee'),
    'ankle': ('ankle', 'mankle'),
    'foot': ('toe', 'sole_ball'),
    'elbow': ('elbow_lat', 'elbow_med'),
    'wrist': ('wrist_radius', 'wrist_ulna'),
}


def draw_bodies(
    source: AnnySource,
    markers: MarkerTable,
    generator: np.random.Generator,
    is_woman: FloatArray,
    local_spread: float,
    progress: Callable[[int], None],
) -> Bodies:
    """
    Draw bodies.

    :param is_woman: [bodies], 1 for women, 0 for men.
    :param local_spread: see :func:`draw_phenotypes`.
    :param progress: called with the number of bodies made since the last call.
    """
    phenotypes, local = draw_phenotypes(generator, is_woman, local_spread)
    parts = []
    for start in range(0, len(is_woman), CHUNK):
        rows = slice(start, start + CHUNK)
        shapes = source.shapes(
            {name: values[rows] for name, values in phenotypes.items()},
            {name: values[rows] for name, values in local.items()},
        )
        parts.append(t_posed(source, shapes, markers))
        progress(len(parts[-1].vertices_m))
    return Bodies.of(parts)


def choose_people(
    survey: dict[str, FloatArray], count: int, generator: np.random.Generator
) -> dict[str, FloatArray]:
    """
    Choose persons evenly over stature, and over mass within each twentieth of stature.

    :param survey: [persons] per measure.
    :param count: how many.
    :param generator: source of randomness.
    :returns: [count] per measure.
    """
    stature = survey['stature_mm'].argsort().argsort()
    order = np.lexsort((survey['weight_kg'], 20 * stature // len(stature)))
    steps = (np.arange(count) + generator.random(count)) * len(order) / count
    chosen = order[steps.astype(int)]
    return {name: values[chosen] for name, values in survey.items()}


def fit_to_survey(
    wide: Bodies,
    pool: Bodies,
    survey: dict[str, FloatArray],
    measures: Measures,
    progress: Callable[[int], None],
) -> Bodies:
    """
    Correct bodies until each measures like one person.

    :param wide: bodies drawn widely: they show how a body changes with its measures.
    :param pool: natural bodies, at least one per person; those most like a person are corrected.
    :param survey: [persons] per measure.
    :param measures: how bodies are measured.
    :param progress: called once per round.
    """
    count = pool.vertices_m.shape[1]
    seen = measures(wide.vertices_m, wide.joints_m)
    names = [name for name in seen if name in survey]
    readings = _readings(seen, names)
    readings = readings - readings.mean(axis=0)
    people = _readings(survey, names)
    tolerance = people.mean(axis=0) * [_tolerance(name) for name in names]
    among = readings.T @ readings + len(readings) * np.diag(tolerance**2)
    spread = _joined(wide)
    directions = np.linalg.solve(among, readings.T) @ (spread - spread.mean(axis=0))
    current = _joined(pool)
    have = _readings(measures(pool.vertices_m, pool.joints_m), names)
    chosen = _most_alike(have, people)
    current, have = current[chosen], have[chosen]
    for _ in range(ROUNDS):
        current = current + (people - have) @ directions
        have = _readings(measures(*_split(current, count)), names)
        progress(1)
    return Bodies(*_split(current, count))


def _readings(measured: dict[str, FloatArray], names: list[str]) -> FloatArray:
    return np.stack([measured[name] for name in names], axis=1)


def _tolerance(name: str) -> float:
    if name.startswith(TRUNK):
        return TRUNK_HEIGHT
    return next((share for kind, share in LOOSE.items() if kind in name), LENGTH)


def _most_alike(have: FloatArray, people: FloatArray) -> np.ndarray:
    """Find for every person a body of its own, the most alike; body numbers."""
    scale = people.std(axis=0)
    return linear_sum_assignment(cdist(people / scale, have / scale, 'sqeuclidean'))[1]


def _joined(bodies: Bodies) -> FloatArray:
    points = np.concatenate([bodies.vertices_m, bodies.joints_m], axis=1)
    return points.reshape(len(points), -1)


def _split(flat: FloatArray, num_vertices: int) -> tuple[FloatArray, FloatArray]:
    points = flat.reshape(len(flat), -1, 3)
    return points[:, :num_vertices], points[:, num_vertices:]
