"""The points of OpenPose BODY_25, COCO-17 and Halpe-26, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PointDefinition:
    """
    A point that detectors are trained to find.

    :param marker: the virtual marker at that place (see ``config/markers``); '' for a point that
        is only the mean of others, which say more.
    :param joint: the joint of the body that moves it, '' where there is none.
    :param landmark: the BlazePose landmark nearest in meaning, '' for none.
    :param sigma: how far annotators of one person lie apart, 1 sigma over the root of the
        person's area in the image, as COCO's object keypoint similarity has it; 0 for such a
        mean of others.
    :param text: how annotators and authors define it.
    """

    marker: str
    joint: str
    landmark: str
    sigma: float
    text: str


# Texts after the COCO and Halpe annotations and OpenPose's documentation. Annotators guess joint
# centres through the skin: a centimetre or two of bias stays, most of it at hips and shoulders.
# Sigmas after COCO (body) and COCO-WholeBody (feet); the top of the head as Halpe has it.
_SIDED = {
    'eye': ('', '', '{}_eye', 0.025, 'centre of the eye'),
    'ear': ('{S}_tragion', 'head', '{}_ear', 0.035, 'middle of the ear'),
    'shoulder': ('bp_{}_shoulder', '{}_collar', '{}_shoulder', 0.079, 'centre of the shoulder'),
    'elbow': ('bp_{}_elbow', '{}_shoulder', '{}_elbow', 0.072, 'centre of the elbow joint'),
    'wrist': ('bp_{}_wrist', '{}_elbow', '{}_wrist', 0.062, 'centre of the wrist joint'),
    'hip': ('bp_{}_hip', 'pelvis', '{}_hip', 0.107, 'centre of the hip joint'),
    'knee': ('bp_{}_knee', '{}_hip', '{}_knee', 0.087, 'centre of the knee joint'),
    'ankle': ('bp_{}_ankle', '{}_knee', '{}_ankle', 0.089, 'centre of the ankle joint'),
    'big_toe': ('{S}_toe_tip1', '{}_foot', '{}_foot_index', 0.068, 'tip of the big toe'),
    'small_toe': ('{S}_toe_tip5', '{}_foot', '', 0.066, 'tip of the little toe'),
    'heel': ('{C}_calc', '{}_ankle', '{}_heel', 0.066, 'back of the heel'),
}
_MIDDLE = {
    'nose': PointDefinition('bp_nose', 'head', 'nose', 0.026, 'tip of the nose'),
    'head_top': PointDefinition('head_vertex', 'head', '', 0.026, 'top of the head'),
    'neck': PointDefinition('', '', '', 0.0, 'mean of both shoulders'),
    'mid_hip': PointDefinition('', '', '', 0.0, 'mean of both hips'),
}


def _one_side(name: str, side: str) -> PointDefinition:
    marker, joint, landmark, sigma, text = _SIDED[name]
    # Markers bear the names of their sets: R_toe_tip1 and L_toe_tip1, r_calc and L_calc.
    letters = {'S': side[0].upper(), 'C': 'r' if side == 'right' else 'L'}
    marker, joint, landmark = (text.format(side, **letters) for text in (marker, joint, landmark))
    return PointDefinition(marker, joint, landmark, sigma, text)


POINTS: dict[str, PointDefinition] = _MIDDLE | {
    f'{side}_{name}': _one_side(name, side) for name in _SIDED for side in ('left', 'right')
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
