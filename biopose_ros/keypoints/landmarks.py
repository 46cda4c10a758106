"""The 33 landmarks of BlazePose: names and sides."""

from __future__ import annotations

LANDMARK_NAMES: tuple[str, ...] = (
    'nose',
    'left_eye_inner',
    'left_eye',
    'left_eye_outer',
    'right_eye_inner',
    'right_eye',
    'right_eye_outer',
    'left_ear',
    'right_ear',
    'mouth_left',
    'mouth_right',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_pinky',
    'right_pinky',
    'left_index',
    'right_index',
    'left_thumb',
    'right_thumb',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
    'left_heel',
    'right_heel',
    'left_foot_index',
    'right_foot_index',
)

_INDEX = {name: index for index, name in enumerate(LANDMARK_NAMES)}


def landmark_index(name: str) -> int:
    """
    Look up a landmark.

    :param name: one of :data:`LANDMARK_NAMES`.
    :returns: its place in every landmark array.
    :raises ValueError: for an unknown name.
    """
    if name not in _INDEX:
        raise ValueError(f'unknown landmark {name!r}; known: {", ".join(LANDMARK_NAMES)}')
    return _INDEX[name]


def _mirror_name(name: str) -> str:
    if 'left' in name:
        return name.replace('left', 'right')
    return name.replace('right', 'left')


# Place of the same landmark on the other side of the body; the nose is its own mirror image.
MIRROR_INDEX: tuple[int, ...] = tuple(_INDEX[_mirror_name(name)] for name in LANDMARK_NAMES)

# The twelve joints of arms and legs, which the network marks best.
JOINTS: tuple[int, ...] = tuple(
    _INDEX[f'{side}_{joint}']
    for joint in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    for side in ('left', 'right')
)
