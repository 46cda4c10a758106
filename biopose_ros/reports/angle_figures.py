"""One figure per coordinate, drawn from the model itself: zero, the positive direction, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from markupsafe import Markup

from biopose_ros.records import FloatArray
from biopose_ros.reports.vocabulary import MEANINGS
from biopose_ros.skeleton import Skeleton, load_skeleton

# Across and up in a view, in ground axes (x forward, y up, z right), and what is nearer.
_VIEWS: Mapping[str, FloatArray] = {
    'side': np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]),
    'front': np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]),
    'top': np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
}
# The posture in which a movement shows; degrees. Elsewhere all angles are zero.
_POSTURES: Mapping[str, Mapping[str, float]] = {
    'hip_rotation': {'hip_flexion_r': 90, 'knee_angle_r': 90},
    'arm_rot': {'elbow_flex_r': 90},
    'pro_sup': {'elbow_flex_r': 90},
}
_VIEW_OF_POSTURE = {'hip_rotation': 'front'}
_SHARE_OF_LIMIT, _MOST_DEG, _PELVIS_DEG = 0.6, 60.0, 25.0
_SIZE, _LEAST_WIDTH_M, _MARGIN_M = 200, 0.4, 0.1
# Arms hang on a moving trunk; their limits would hide its own.
_CARRIED = ('humerus', 'ulna', 'radius', 'hand')
_PATH_STEPS = 16
_COLUMNS = 3
_PAGE_START = """# What the angles mean

Grey: the pose in which every angle is zero (sitting or with a bent elbow where a turn would not
show). Orange: the angle at a positive value, the right side where there are two. Dashed: the
limits of the default skeleton. Side views look at the person's right side, front views at the
face, top views from above with the face to the top. Names, signs and zero are those of
Rajagopal2016 and LaiUhlrich2022; left and right have the same meaning. The figures are drawn from
the model (`biopose build angle-figures`).
"""
STYLE = (
    '.body{stroke:#d3dae0}.moved{stroke:#c75a00}.far{stroke:#c75a00;opacity:.45;'
    'stroke-dasharray:3 3}.way{stroke:#1d2733}.head{fill:#1d2733}'
)


@dataclass(frozen=True)
class AngleFigure:
    """
    A figure and its words.

    :param kind: coordinate without its side.
    :param title: in plain words.
    :param caption: signs and limits.
    :param svg: an ``<svg>`` element, coloured by class names.
    """

    kind: str
    title: str
    caption: str
    svg: Markup


@lru_cache(maxsize=1)
def angle_figures() -> tuple[AngleFigure, ...]:
    """Draw all coordinates that have a meaning in words, of the default skeleton."""
    skeleton = load_skeleton()
    return tuple(_figure(skeleton, kind) for kind in MEANINGS)


def standalone(figure: AngleFigure) -> str:
    """
    Give a figure as a file of its own.

    :param figure: any.
    """
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIZE}" height="{_SIZE}"'
    start, rest = str(figure.svg).replace('<svg', opening, 1).split('>', 1)
    background = f'<rect width="{_SIZE}" height="{_SIZE}" rx="8" fill="#f5f7f9"/>'
    return f'{start}><style>{STYLE}</style>{background}{rest}\n'


def _figure(skeleton: Skeleton, kind: str) -> AngleFigure:
    meaning = MEANINGS[kind]
    has_sides = f'{kind}_r' in skeleton.coordinate_names
    index = skeleton.coordinate_index(f'{kind}_r' if has_sides else kind)
    lower, upper = (
        float(np.degrees(limits[index]))
        for limits in (skeleton.lower_limits, skeleton.upper_limits)
    )
    is_pelvis = kind.startswith('pelvis')
    value = _PELVIS_DEG if is_pelvis else min(_MOST_DEG, _SHARE_OF_LIMIT * upper)
    scene = _Scene(skeleton, kind, index, _VIEW_OF_POSTURE.get(kind, meaning.view))
    text = (
        f'+ {meaning.positive}, - {meaning.negative}; drawn at +{value:.0f}°, '
        f'from {lower:.0f}° to {upper:.0f}°'
    )
    return AngleFigure(
        kind=kind,
        title=meaning.title,
        caption=text.replace('-', '\N{MINUS SIGN}'),
        svg=scene.draw(value, () if is_pelvis else (lower, upper)),
    )


class _Scene:
    """The skeleton's rods in one posture, seen from one side."""

    def __init__(self, skeleton: Skeleton, kind: str, index: int, view: str) -> None:
        self._skeleton, self._index = skeleton, index
        self._view = _VIEWS[view]
        self._posture = torch.zeros(len(skeleton.coordinate_names), dtype=torch.float64)
        for name, angle_deg in _POSTURES.get(kind, {}).items():
            self._posture[skeleton.coordinate_index(name)] = np.radians(angle_deg)
        self._rods = [
            (segment, np.array([rod.start_m, rod.end_m]), rod.radius_m)
            for segment, name in enumerate(skeleton.segment_names)
            for body in skeleton.description.bodies
            if body.name == name
            for rod in body.capsules
        ]

    def draw(self, value_deg: float, limits_deg: Sequence[float]) -> Markup:
        steps = np.linspace(0.0, value_deg, _PATH_STEPS)
        placed = self._placed(np.append(steps, limits_deg))
        zero, moved, far = placed[0], placed[_PATH_STEPS - 1], placed[_PATH_STEPS:]
        turns = np.abs(zero - moved).max(axis=(1, 2)) > 1e-6
        own = turns & ~self._is_carried(turns)
        middle, width_m = _window([zero[turns], moved[turns], *(ends[own] for ends in far)])
        scale = _SIZE / width_m

        def px(points_m: FloatArray) -> FloatArray:
            across_up = (points_m[..., :2] - middle) * [scale, -scale]
            return np.asarray(across_up + _SIZE / 2)

        order = np.argsort(zero[..., 2].mean(axis=1))
        parts = [self._rod(px(zero[i]), i, scale, 'body') for i in order]
        for ends in far:
            parts += [_centre_line(px(ends[i])) for i in np.flatnonzero(own)]
        order = np.argsort(moved[..., 2].mean(axis=1))
        parts += [self._rod(px(moved[i]), i, scale, 'moved') for i in order if turns[i]]
        parts.append(_way(px(_outermost(placed[:_PATH_STEPS, turns]))))
        return Markup(
            f'<svg viewBox="0 0 {_SIZE} {_SIZE}" aria-hidden="true">{"".join(parts)}</svg>'
        )

    def _is_carried(self, turns: np.ndarray) -> np.ndarray:
        names = [self._skeleton.segment_names[segment] for segment, _, _ in self._rods]
        is_arm = np.array([name[:-2] in _CARRIED for name in names])
        moves_trunk = any(name == 'torso' for name, t in zip(names, turns, strict=True) if t)
        return is_arm if moves_trunk else np.zeros(len(names), bool)

    def _placed(self, values_deg: FloatArray) -> FloatArray:
        """Place all rods in the view: [values, rods, ends, across up near], metres."""
        coordinates = self._posture.repeat(len(values_deg), 1)
        coordinates[:, self._index] = torch.as_tensor(np.radians(values_deg))
        frames = self._skeleton.forward_kinematics(coordinates)
        rotations, origins_m = frames.rotations.numpy(), frames.positions_m.numpy()
        return np.stack(
            [
                (ends_m @ rotations[:, segment].swapaxes(-1, -2) + origins_m[:, None, segment])
                @ self._view.T
                for segment, ends_m, _ in self._rods
            ],
            axis=1,
        )

    def _rod(self, ends_px: FloatArray, index: int, scale: float, kind: str) -> str:
        width = 2.0 * self._rods[index][2] * scale
        (x1, y1), (x2, y2) = ends_px
        return (
            f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2 + 0.01:.2f}" '
            f'stroke-width="{width:.1f}" stroke-linecap="round"/>'
        )


def _window(rods_m: list[FloatArray]) -> tuple[FloatArray, float]:
    """Show what moves, with a bit of the rest around it."""
    points_m = np.concatenate([ends_m[..., :2].reshape(-1, 2) for ends_m in rods_m])
    low, high = points_m.min(axis=0) - _MARGIN_M, points_m.max(axis=0) + _MARGIN_M
    width_m = max(_LEAST_WIDTH_M, float((high - low).max()))
    return (low + high) / 2, width_m


def _outermost(rods_m: FloatArray) -> FloatArray:
    """Give the way of the end that moves most: [steps, 2] from [steps, rods, ends, 3]."""
    distances_m = np.linalg.norm((rods_m[-1] - rods_m[0])[..., :2], axis=-1)
    rod, end = np.unravel_index(distances_m.argmax(), distances_m.shape)
    return np.asarray(rods_m[:, rod, end, :2])


def _centre_line(ends_px: FloatArray) -> str:
    (x1, y1), (x2, y2) = ends_px
    return f'<path class="far" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke-width="2"/>'


def _way(path_px: FloatArray) -> str:
    """Draw an arrow along a path."""
    line = 'M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in path_px)
    tip, back = path_px[-1], path_px[-1] - path_px[-3]
    along = back / max(float(np.linalg.norm(back)), 1e-9)
    across = np.array([-along[1], along[0]])
    corners = [tip + 7 * along, tip + 4 * across, tip - 4 * across]
    head = 'M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in corners) + 'Z'
    return (
        f'<path class="way" d="{line}" fill="none" stroke-width="2"/>'
        f'<path class="head" d="{head}"/>'
    )


def angles_page() -> str:
    """Give ``docs/angles.md``: all figures in rows of three."""
    cells = [
        f'![{figure.title}](images/angles/{figure.kind}.svg)<br>**{figure.title}**<br>'
        f'`{figure.kind}`<br>{figure.caption}'
        for figure in angle_figures()
    ]
    cells += [''] * (-len(cells) % _COLUMNS)
    rows = [cells[start : start + _COLUMNS] for start in range(0, len(cells), _COLUMNS)]
    table = ['| | | |', '|---|---|---|', *(f'| {" | ".join(row)} |' for row in rows)]
    return '\n'.join([_PAGE_START, *table, ''])
