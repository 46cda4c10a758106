"""The points of OpenPose BODY_25, COCO-17 and Halpe-26, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PointDefinition:
    """
    A point that detectors are trained to find.

    :param marker: the virtual marker at that place (see ``config/markers``); '' for a point that
        is only the mean of others, which say more.
    :param landmark: the BlazePose landmark nearest in meaning, '' for none.
    :param text: how annotators and authors define it.
    """

    marker: str
    landmark: str
    text: str


# Texts after the COCO and Halpe annotations and OpenPose's documentation. Annotators guess joint
# centres through the skin: a centimetre or two of bias stays, most of it at hips and shoulders.
_SIDED = {
    'eye': PointDefinition('bp_{}_eye', '{}_eye', 'centre of the eye'),
    'ear': PointDefinition('bp_{}_ear', '{}_ear', 'middle of the ear'),
    'shoulder': PointDefinition('bp_{}_shoulder', '{}_shoulder', 'centre of the shoulder joint'),
    'elbow': PointDefinition('bp_{}_elbow', '{}_elbow', 'centre of the elbow joint'),
    'wrist': PointDefinition('bp_{}_wrist', '{}_wrist', 'centre of the wrist joint'),
    'hip': PointDefinition('bp_{}_hip', '{}_hip', 'centre of the hip joint'),
    'knee': PointDefinition('bp_{}_knee', '{}_knee', 'centre of the knee joint'),
    'ankle': PointDefinition('bp_{}_ankle', '{}_ankle', 'centre of the ankle joint'),
    'big_toe': PointDefinition('{}_toe_tip1', '{}_foot_index', 'tip of the big toe'),
    'small_toe': PointDefinition('{}_toe_tip5', '', 'tip of the little toe'),
    'heel': PointDefinition('bp_{}_heel', '{}_heel', 'back of the heel'),
}
_MIDDLE = {
    'nose': PointDefinition('bp_nose', 'nose', 'tip of the nose'),
    'head_top': PointDefinition('head_vertex', '', 'top of the head'),
    'neck': PointDefinition('', '', 'mean of both shoulders'),
    'mid_hip': PointDefinition('', '', 'mean of both hips'),
}


def _one_side(definition: PointDefinition, side: str) -> PointDefinition:
    is_toe = definition.marker.startswith('{}_toe')
    marker = definition.marker.format(side[0].upper() if is_toe else side)
    return PointDefinition(marker, definition.landmark.format(side), definition.text)


POINTS: dict[str, PointDefinition] = _MIDDLE | {
    f'{side}_{name}': _one_side(definition, side)
    for name, definition in _SIDED.items()
    for side in ('left', 'right')
}

COCO_17: tuple[str, ...] = (
    'nose',
    *('left_eye', 'right_eye', 'left_ear', 'right_ear'),
    *('left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow'),
    *('left_wrist', 'right_wrist', 'left_hip', 'right_hip'),
    *('left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
)
BODY_25: tuple[str, ...] = (
    *('nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist'),
    *('left_shoulder', 'left_elbow', 'left_wrist', 'mid_hip'),
    *('right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle'),
    *('right_eye', 'left_eye', 'right_ear', 'left_ear'),
    *('left_big_toe', 'left_small_toe', 'left_heel'),
    *('right_big_toe', 'right_small_toe', 'right_heel'),
)
HALPE_26: tuple[str, ...] = (
    *COCO_17,
    *('head_top', 'neck', 'mid_hip'),
    *('left_big_toe', 'right_big_toe', 'left_small_toe', 'right_small_toe'),
    *('left_heel', 'right_heel'),
)
FORMATS: dict[str, tuple[str, ...]] = {
    'BODY_25': BODY_25,
    'COCO-17': COCO_17,
    'Halpe-26': HALPE_26,
}
