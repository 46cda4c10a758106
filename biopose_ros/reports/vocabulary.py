"""What coordinates are called in plain words, and what their signs mean (docs/conventions.md)."""

from __future__ import annotations

from dataclasses import dataclass

SIDES = {'r': 'right', 'l': 'left'}


@dataclass(frozen=True)
class Meaning:
    """
    One coordinate, of both sides where it has sides.

    :param title: for headings.
    :param positive: what growing values mean.
    :param negative: what falling values mean.
    :param view: from where its movement is seen best: ``side``, ``front`` or ``top``.
    """

    title: str
    positive: str
    negative: str
    view: str = 'side'


MEANINGS = {
    'pelvis_tilt': Meaning('Pelvis tilt', 'front rises', 'front drops'),
    'pelvis_list': Meaning('Pelvis list', 'right side drops', 'left side drops', 'front'),
    'pelvis_rotation': Meaning('Pelvis rotation', 'turns left', 'turns right', 'top'),
    'hip_flexion': Meaning('Hip flexion', 'thigh forward', 'thigh back'),
    'hip_adduction': Meaning('Hip adduction', 'thigh inward', 'thigh outward', 'front'),
    'hip_rotation': Meaning('Hip rotation', 'turned inward', 'turned outward', 'top'),
    'knee_angle': Meaning('Knee flexion', 'bent', 'straight'),
    'ankle_angle': Meaning('Ankle', 'dorsiflexion, toes up', 'plantarflexion, toes down'),
    'subtalar_angle': Meaning('Subtalar', 'inversion', 'eversion', 'front'),
    'mtp_angle': Meaning('Toes', 'down', 'up'),
    'lumbar_extension': Meaning('Trunk extension', 'leans back', 'leans forward'),
    'lumbar_bending': Meaning('Trunk bending', 'to the right', 'to the left', 'front'),
    'lumbar_rotation': Meaning('Trunk rotation', 'turned left', 'turned right', 'top'),
    'neck_extension': Meaning('Neck extension', 'head back', 'head forward'),
    'neck_bending': Meaning('Neck bending', 'to the right', 'to the left', 'front'),
    'neck_rotation': Meaning('Neck rotation', 'turned left', 'turned right', 'top'),
    'arm_flex': Meaning('Shoulder flexion', 'arm forward', 'arm back'),
    'arm_add': Meaning('Shoulder adduction', 'to the trunk', 'away from the trunk', 'front'),
    'arm_rot': Meaning('Shoulder rotation', 'turned inward', 'turned outward', 'top'),
    'elbow_flex': Meaning('Elbow flexion', 'bent', 'straight'),
    'pro_sup': Meaning('Forearm', 'pronation, palm down', 'supination, palm up', 'front'),
    'wrist_flex': Meaning('Wrist flexion', 'palm to forearm', 'back of the hand to forearm'),
    'wrist_dev': Meaning('Wrist deviation', 'to the little finger', 'to the thumb', 'front'),
}
# What stands together on a page.
GROUPS = {
    'Legs': ('hip_flexion', 'hip_adduction', 'hip_rotation', 'knee_angle', 'ankle_angle',
             'subtalar_angle'),
    'Pelvis and trunk': ('pelvis_tilt', 'pelvis_list', 'pelvis_rotation', 'lumbar_extension',
                         'lumbar_bending', 'lumbar_rotation'),
    'Arms': ('arm_flex', 'arm_add', 'arm_rot', 'elbow_flex', 'pro_sup', 'wrist_flex'),
    'Head': ('neck_extension', 'neck_bending', 'neck_rotation'),
}  # fmt: skip


def kind_and_side(coordinate: str) -> tuple[str, str]:
    """
    Tell the side of a coordinate from the rest of its name.

    :param coordinate: for example ``knee_angle_r``.
    :returns: ``('knee_angle', 'right')``; an empty side for the middle of the body.
    """
    kind, _, end = coordinate.rpartition('_')
    return (kind, SIDES[end]) if kind and end in SIDES else (coordinate, '')


def title(coordinate: str) -> str:
    """
    Name a coordinate in plain words.

    :param coordinate: for example ``knee_angle_r``; names of other models stay as they are.
    """
    kind, side = kind_and_side(coordinate)
    if kind not in MEANINGS:
        return coordinate
    return f'{MEANINGS[kind].title}, {side}' if side else MEANINGS[kind].title
