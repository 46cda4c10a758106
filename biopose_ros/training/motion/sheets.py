"""Contact sheets of stick figures, to be looked at: front and right side of chosen frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.activities import ACTIVITIES, generate_activity
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.library import recorded_clips
from biopose_ros.training.motion.proportions import Proportions, random_body

_CELL_PX = (92, 124)  # width of one view, height
_PIXELS_PER_M = 52.0
_LABEL_PX = 150
_COLOURS = {'left': (60, 60, 220), 'right': (200, 110, 30), '': (70, 70, 70)}  # BGR


def draw_sheet(clips: Sequence[MotionClip], frames: int = 8) -> np.ndarray:
    """
    Draw one row per clip: ``frames`` moments, each from the front and from the right side.

    Left limbs are red, right ones blue; the dot on the floor line is the centre of mass.

    :param clips: what to show.
    :param frames: moments per clip, evenly spread.
    :returns: [height, width, 3] uint8, BGR.
    """
    return np.concatenate([_row(clip, frames) for clip in clips])


def _row(clip: MotionClip, frames: int) -> np.ndarray:
    label = np.full((_CELL_PX[1], _LABEL_PX, 3), 255, np.uint8)
    words = [
        *clip.name.replace('/', ' ').replace('_', ' ').split(),
        f'{len(clip) / clip.fps:.1f} s',
    ]
    for line, word in enumerate(words[:6]):
        _write(label, word[:20], (4, 18 + 18 * line))
    chosen = np.linspace(0, len(clip) - 1, frames).round().astype(int)
    cells = [np.concatenate([_view(clip, i, 0), _view(clip, i, 2)], axis=1) for i in chosen]
    row = np.concatenate([label, *cells], axis=1)
    row[-1] = 200
    return row


def _write(picture: np.ndarray, text: str, place_px: tuple[int, int]) -> None:
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, text, place_px, font, 0.42, (0, 0, 0), 1, cv2.LINE_AA)


def _view(clip: MotionClip, frame: int, across: int) -> np.ndarray:
    """Draw one frame; ``across`` is the world axis that runs to the right of the picture."""
    picture = np.full((_CELL_PX[1], _CELL_PX[0], 3), 255, np.uint8)
    placed = clip.placed
    middle = placed.positions_m[frame, 0, across]

    def pixel(point: FloatArray) -> tuple[int, int]:
        right = _CELL_PX[0] / 2 + (point[across] - middle) * _PIXELS_PER_M
        return round(float(right) * 8), round((_CELL_PX[1] - 14 - point[1] * _PIXELS_PER_M) * 8)

    def line(start: FloatArray, end: FloatArray, name: str) -> None:
        colour = _COLOURS.get(name.split('_')[0], _COLOURS[''])
        cv2.line(picture, pixel(start), pixel(end), colour, 1, cv2.LINE_AA, 3)

    floor = _CELL_PX[1] - 14
    cv2.line(picture, (0, floor), (_CELL_PX[0], floor), (180, 180, 180), 1)
    positions = placed.positions_m[frame]
    for joint, parent in enumerate(JOINT_PARENTS):
        if parent >= 0:
            line(positions[parent], positions[joint], JOINT_NAMES[joint])
    for side, name in enumerate(('left', 'right')):
        heel, inner, outer, toe = placed.soles_m[frame, side]
        for start, end in ((heel, inner), (inner, toe), (toe, outer), (outer, heel)):
            line(start, end, name)
        line(positions[JOINT[f'{name}_wrist']], placed.ends_m[frame, 1 + side], name)
    centre = (positions[JOINT['head']] + placed.ends_m[frame, 0]) / 2
    cv2.circle(
        picture, pixel(centre), round(0.1 * _PIXELS_PER_M * 8), _COLOURS[''], 1, cv2.LINE_AA, 3
    )
    nose = positions[JOINT['head']] + placed.rotations[frame, JOINT['head']] @ [0, 0.03, 0.13]
    line(centre, nose, '')
    ground = placed.centre_of_mass_m[frame] * [1.0, 0.0, 1.0]
    cv2.circle(picture, pixel(ground), 3 * 8, (0, 140, 0), -1, cv2.LINE_AA, 3)
    if not clip.valid[frame]:
        _write(picture, 'x', (4, 14))
    return picture


def choose_clips(
    motion: Path | None, names: tuple[str, ...], per_name: int, seed: int
) -> list[MotionClip]:
    """
    Pick clips to draw.

    :param motion: folder of recordings, or None for synthesised activities.
    :param names: files or activities; empty for all.
    :param per_name: clips of each.
    :param seed: of the synthesised ones.
    :raises ValueError: for a name that does not exist.
    """
    if motion is None:
        return [
            _synthesise(name, [seed, number, row], str(number))
            for row, name in enumerate(names or tuple(ACTIVITIES))
            for number in range(per_name)
        ]
    by_file: dict[str, list[MotionClip]] = {}
    for clip in recorded_clips(motion, Proportions.typical()):
        by_file.setdefault(clip.source, []).append(clip)
    if unknown := set(names) - by_file.keys():
        raise ValueError(f'no recordings {unknown.pop()!r}; there are {", ".join(by_file)}')
    return [
        by_file[name][index]
        for name in names or tuple(by_file)
        for index in np.linspace(0, len(by_file[name]) - 1, per_name).round().astype(int)
    ]


def _synthesise(name: str, seed: list[int], label: str) -> MotionClip:
    rng = np.random.default_rng(seed)
    return generate_activity(name, rng, random_body(rng), label)
