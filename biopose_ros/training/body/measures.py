"""
Measure T-posed bodies as the ANSUR II survey measures people.

Definitions: Gordon et al. 2014, NATICK/TR-15/007. Heights, breadths and girths are read off the
mesh; measures taken with hanging arms are put together along the straight limb.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import ConvexHull

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.model import BodyMesh
from biopose_ros.body.volume import DENSITY_KG_M3, volume_m3
from biopose_ros.records import FloatArray
from biopose_ros.virtual_markers import MarkerTable

# The head of the radius lies below the lateral epicondyle, metres.
RADIALE_DROP_M = 0.012
# ANSUR flexes the arm; relaxed girths as a share (upper arm 0.93, forearm 0.97).
RELAXED = {'bicepscircumferenceflexed': 0.93, 'forearmcircumferenceflexed': 0.97}


@dataclass(frozen=True)
class Girth:
    """
    A tape around the body: points on edges of the mesh, in order.

    :param starts: [points], vertex numbers.
    :param ends: [points], vertex numbers.
    :param shares: [points], how far each point lies from its start to its end.
    """

    starts: np.ndarray
    ends: np.ndarray
    shares: FloatArray

    def lengths_m(self, bodies_m: FloatArray) -> FloatArray:
        """
        Measure girths.

        :param bodies_m: [bodies, vertices, 3].
        :returns: [bodies].
        """
        share = self.shares[:, None]
        points = bodies_m[:, self.starts] * (1 - share) + bodies_m[:, self.ends] * share
        return np.linalg.norm(points - np.roll(points, 1, axis=1), axis=-1).sum(axis=1)


def tape(
    body_m: FloatArray, faces: np.ndarray, axis: int, level_m: float, part: np.ndarray
) -> Girth:
    """
    Lay a tape around a part of the body, straight over its hollows.

    :param body_m: [vertices, 3].
    :param faces: [faces, 3].
    :param axis: the tape lies in the plane across this axis.
    :param level_m: where on that axis.
    :param part: [vertices], True where the body part is.
    """
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    edges = edges[part[edges].all(axis=1)]
    start, end = body_m[edges[:, 0], axis], body_m[edges[:, 1], axis]
    edges = edges[crossed := (start < level_m) != (end < level_m)]
    share = (level_m - start[crossed]) / (end - start)[crossed]
    points = body_m[edges[:, 0]] * (1 - share[:, None]) + body_m[edges[:, 1]] * share[:, None]
    hull = ConvexHull(np.delete(points, axis, axis=1)).vertices
    return Girth(edges[hull, 0], edges[hull, 1], share[hull])


def marker_points(
    markers: MarkerTable, vertices_m: FloatArray, joints_m: FloatArray | None = None
) -> dict[str, FloatArray]:
    """
    Place markers on bodies.

    :param markers: the topology's.
    :param vertices_m: [bodies, vertices, 3].
    :param joints_m: [bodies, 24, 3]; None where no marker that is read hangs on a joint.
    :returns: [bodies, 3] by the marker's name.
    """
    vertices = torch.as_tensor(vertices_m)
    joints = vertices.new_zeros(len(vertices), len(JOINT_NAMES), 3)
    if joints_m is not None:
        joints = torch.as_tensor(joints_m)
    places = markers.positions_m(BodyMesh(vertices, joints)).numpy()
    return {name: places[:, row] for row, name in enumerate(markers.names)}


class Measures:
    """Everything that is measured on a body; built once for a topology."""

    def __init__(self, mean_m: FloatArray, faces: np.ndarray, markers: MarkerTable) -> None:
        """
        Lay the tapes on the mean body.

        :param mean_m: [vertices, 3], T-pose.
        :param faces: [faces, 3].
        :param markers: the topology's markers.
        """
        self._faces = faces
        self._markers = markers
        height = mean_m[:, 1]
        points = marker_points(markers, mean_m[None])

        def at(name: str) -> FloatArray:
            return points[name][0]

        trunk = np.abs(mean_m[:, 0]) < 0.2
        leg = (mean_m[:, 0] > 1e-4) & (height < at('L_trochanter')[1])
        arm = mean_m[:, 0] > 0.25
        # Under the jaw, above the slope of the shoulders.
        neck = (np.abs(mean_m[:, 0]) < 0.075) & (mean_m[:, 2] < at('sternal_notch')[2] + 0.02)
        shank = at('L_knee')[1] - at('L_ankle')[1]
        self._crotch = _lowest_on_midline(mean_m)
        levels = {
            'neckcircumference': (1, at('C7')[1] + 0.03, neck),
            'waistcircumference': (1, at('navel')[1], trunk),
            'buttockcircumference': (1, at('L_trochanter')[1] + 0.01, trunk),
            'thighcircumference': (1, height[self._crotch] - 0.03, leg),
            'calfcircumference': (1, at('L_knee')[1] - 0.26 * shank, leg),
            'anklecircumference': (1, at('L_ankle')[1] + 0.05, leg),
            'bicepscircumferenceflexed': (
                0,
                0.55 * at('L_elbow_lat')[0] + 0.45 * at('L_Shoulder')[0],
                arm,
            ),
            'forearmcircumferenceflexed': (
                0,
                0.8 * at('L_elbow_lat')[0] + 0.2 * at('L_wrist_radius')[0],
                arm,
            ),
            'wristcircumference': (0, at('L_wrist_radius')[0] - 0.01, arm),
        }
        self._girths = {
            name: tape(mean_m, faces, axis, level, part)
            for name, (axis, level, part) in levels.items()
        }
        hip = (height > at('L_trochanter')[1] - 0.1) & (height < at('L.ASIS')[1])
        self._hip = np.flatnonzero(hip & trunk)
        self._skull = np.flatnonzero(height > at('L_tragion')[1] + 0.035)
        self._foot = np.flatnonzero((height < at('L_ankle')[1]) & (mean_m[:, 0] > 0))

    def __call__(self, bodies_m: FloatArray, joints_m: FloatArray) -> dict[str, FloatArray]:
        """
        Measure bodies.

        :param bodies_m: [bodies, vertices, 3], T-pose.
        :param joints_m: [bodies, 24, 3].
        :returns: [bodies] per measure: millimetres, and ``weight_kg``; ANSUR's names.
        """
        points = marker_points(self._markers, bodies_m, joints_m)
        floor = bodies_m[..., 1].min(axis=1)
        shoulder = joints_m[:, JOINT_NAMES.index('left_shoulder')]
        skull = bodies_m[:, self._skull]
        acromion, epicondyle, styloid = (
            points[name] for name in ('L_Shoulder', 'L_elbow_lat', 'L_wrist_radius')
        )
        metres = {
            'stature': bodies_m[..., 1].max(axis=1) - floor,
            **{name: points[marker][:, 1] - floor for name, marker in HEIGHTS.items()},
            'crotchheight': bodies_m[:, self._crotch, 1] - floor,
            'biacromialbreadth': 2 * acromion[:, 0],
            'hipbreadth': 2 * bodies_m[:, self._hip, 0].max(axis=1),
            'acromionradialelength': (
                acromion[:, 1]
                - shoulder[:, 1]
                + epicondyle[:, 0]
                - shoulder[:, 0]
                + RADIALE_DROP_M
            ),
            'radialestylionlength': styloid[:, 0] - epicondyle[:, 0] - RADIALE_DROP_M,
            'handlength': _path(points, ('L_wrist_radius', 'L_knuckle3', 'L_fingertip3')),
            'bimalleolarbreadth': _path(points, ('L_ankle', 'L_mankle')),
            'footlength': _foot_length(bodies_m[:, self._foot], points),
            'headlength': skull[..., 2].max(axis=1) - skull[..., 2].min(axis=1),
            'headbreadth': 2 * skull[..., 0].max(axis=1),
            'tragiontopofhead': bodies_m[..., 1].max(axis=1) - points['L_tragion'][:, 1],
            **{
                name: girth.lengths_m(bodies_m) / RELAXED.get(name, 1.0)
                for name, girth in self._girths.items()
            },
        }
        measured = {f'{name}_mm': 1e3 * value for name, value in metres.items()}
        return {'weight_kg': DENSITY_KG_M3 * volume_m3(bodies_m, self._faces), **measured}


HEIGHTS = {
    'acromialheight': 'L_Shoulder',
    'cervicaleheight': 'C7',
    'suprasternaleheight': 'sternal_notch',
    'tenthribheight': 'L_tenth_rib',
    'iliocristaleheight': 'L_iliac_crest',
    'trochanterionheight': 'L_trochanter',
    'lateralfemoralepicondyleheight': 'L_knee',
    'kneeheightmidpatella': 'L_patella',
    'lateralmalleolusheight': 'L_ankle',
}


def _lowest_on_midline(mean_m: FloatArray) -> int:
    middle = np.flatnonzero(np.abs(mean_m[:, 0]) < 1e-6)
    return int(middle[np.argmin(mean_m[middle, 1])])


def _path(points: dict[str, FloatArray], names: Sequence[str]) -> FloatArray:
    """Sum the distances from point to point."""
    track = np.stack([points[name] for name in names])
    return np.linalg.norm(np.diff(track, axis=0), axis=-1).sum(axis=0)


def _foot_length(foot_m: FloatArray, points: dict[str, FloatArray]) -> FloatArray:
    """Measure from heel to toe along the line from the heel to the second toe's root."""
    along = (points['L_toe'] - points['L_calc'])[:, [0, 2]]
    along = along / np.linalg.norm(along, axis=-1, keepdims=True)
    place = np.einsum('bvk,bk->bv', foot_m[..., [0, 2]], along)
    return place.max(axis=1) - place.min(axis=1)


def read_survey(path: Path, sex: str) -> dict[str, FloatArray]:
    """
    Read ANSUR II.

    :param path: the CSV file, columns ``sex``, ``weight_kg`` and ``..._mm``.
    :param sex: ``F`` or ``M``.
    :returns: [persons] per column.
    :raises ValueError: when the file has no such persons or columns.
    """
    with Path(path).open(newline='', encoding='utf-8') as file:
        rows = [row for row in csv.DictReader(file) if row.get('sex') == sex]
    if not rows or 'stature_mm' not in rows[0]:
        raise ValueError(f'{path}: no rows of sex {sex!r} with a column stature_mm')
    columns = [name for name in rows[0] if name.endswith(('_mm', '_kg'))]
    return {name: np.array([float(row[name]) for row in rows]) for name in columns}
