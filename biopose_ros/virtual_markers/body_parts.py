"""The body parts that NeurIK sees: which markers lie on each, and how they span its axes."""

from __future__ import annotations

from dataclasses import dataclass

from biopose_ros.skeleton.sides import left_of, partners, without_side

Axis = tuple[str, tuple[str, ...], tuple[str, ...]]  # x, y or z; from the mean of; to the mean of


@dataclass(frozen=True)
class BodyPart:
    """
    A rigid part, with axes that follow from markers alone: x forward, y up, z to the right.

    :param name: with ``_r`` or ``_l`` for sides.
    :param parent: the part that it hangs on; itself for the pelvis.
    :param markers: on the part.
    :param origin: markers whose mean is the part's origin, where it joins its parent.
    :param primary: an axis that is taken as measured.
    :param secondary: an axis that is made perpendicular to it.
    """

    name: str
    parent: str
    markers: tuple[str, ...]
    origin: tuple[str, ...]
    primary: Axis
    secondary: Axis

    @property
    def is_left(self) -> bool:
        """Whether the part is the mirror image of a right one."""
        return self.name.endswith('_l')

    @property
    def kind(self) -> str:
        """The name without the side; both sides share their weights."""
        return without_side(self.name)


def _both_sides(*right: BodyPart) -> list[BodyPart]:
    return [*right, *(_mirrored_part(part) for part in right)]


def _mirrored_part(part: BodyPart) -> BodyPart:
    def swap(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(left_of, names))

    def axis(letter: str, start: tuple[str, ...], end: tuple[str, ...]) -> Axis:
        # To the right is outward on the right and inward on the left.
        return (letter, *((swap(end), swap(start)) if letter == 'z' else (swap(start), swap(end))))

    return BodyPart(
        left_of(part.name),
        left_of(part.parent),
        swap(part.markers),
        swap(part.origin),
        axis(*part.primary),
        axis(*part.secondary),
    )


_PELVIS = BodyPart(
    'pelvis',
    'pelvis',
    (
        *('r.ASIS', 'L.ASIS', 'r.PSIS', 'L.PSIS', 'R_iliac_crest', 'L_iliac_crest'),
        *('bp_right_hip', 'bp_left_hip'),
    ),
    ('bp_right_hip', 'bp_left_hip'),
    (
        'z',
        ('L.ASIS', 'L.PSIS', 'L_iliac_crest', 'bp_left_hip'),
        ('r.ASIS', 'r.PSIS', 'R_iliac_crest', 'bp_right_hip'),
    ),
    ('x', ('r.PSIS', 'L.PSIS'), ('r.ASIS', 'L.ASIS')),
)
_TORSO = BodyPart(
    'torso',
    'pelvis',
    (
        *('C7', 'T4', 'T8', 'T12', 'L2', 'L4', 'sternal_notch', 'xiphoid'),
        *('R_Shoulder', 'L_Shoulder', 'R_tenth_rib', 'L_tenth_rib'),
        *('bp_right_shoulder', 'bp_left_shoulder'),
    ),
    ('L4', 'R_tenth_rib', 'L_tenth_rib'),
    ('y', ('T12', 'R_tenth_rib', 'L_tenth_rib'), ('C7', 'sternal_notch')),
    ('z', ('L_Shoulder', 'bp_left_shoulder'), ('R_Shoulder', 'bp_right_shoulder')),
)
_HEAD = BodyPart(
    'head',
    'torso',
    (
        *('head_vertex', 'chin', 'bp_nose', 'R_tragion', 'L_tragion'),
        *('R_front_head', 'L_front_head', 'R_back_head', 'L_back_head'),
    ),
    ('R_tragion', 'L_tragion'),
    (
        'z',
        ('L_tragion', 'L_front_head', 'L_back_head'),
        ('R_tragion', 'R_front_head', 'R_back_head'),
    ),
    ('x', ('R_back_head', 'L_back_head'), ('bp_nose', 'R_front_head', 'L_front_head')),
)
_LEG = _both_sides(
    BodyPart(
        'femur_r',
        'pelvis',
        ('R_trochanter', 'R_thigh_front', 'r_knee', 'r_mknee', 'R_patella', 'bp_right_knee'),
        ('bp_right_hip',),
        ('y', ('r_knee', 'r_mknee', 'bp_right_knee'), ('bp_right_hip',)),
        ('z', ('r_mknee',), ('r_knee',)),
    ),
    BodyPart(
        'tibia_r',
        'femur_r',
        (
            *('R_tibial_tuberosity', 'R_fibula_head', 'R_shank_front'),
            *('r_ankle', 'r_mankle', 'bp_right_ankle'),
        ),
        ('bp_right_knee',),
        ('y', ('r_ankle', 'r_mankle', 'bp_right_ankle'), ('r_knee', 'r_mknee', 'bp_right_knee')),
        ('z', ('r_mankle',), ('r_ankle',)),
    ),
    BodyPart(
        'foot_r',
        'tibia_r',
        (
            *('r_calc', 'R_sole_heel', 'r_toe', 'R_1meta', 'r_5meta', 'R_sole_ball'),
            *('R_toe_tip1', 'R_toe_tip5'),
        ),
        ('bp_right_ankle',),
        ('x', ('r_calc', 'R_sole_heel'), ('r_toe', 'R_1meta', 'r_5meta', 'R_sole_ball')),
        ('z', ('R_1meta',), ('r_5meta',)),
    ),
)
_ARM = _both_sides(
    BodyPart(
        'humerus_r',
        'torso',
        ('R_elbow_lat', 'R_elbow_med', 'bp_right_elbow'),
        ('bp_right_shoulder',),
        ('y', ('R_elbow_lat', 'R_elbow_med', 'bp_right_elbow'), ('bp_right_shoulder',)),
        ('z', ('R_elbow_med',), ('R_elbow_lat',)),
    ),
    BodyPart(
        'forearm_r',
        'humerus_r',
        ('R_olecranon', 'R_wrist_radius', 'R_wrist_ulna', 'bp_right_wrist'),
        ('bp_right_elbow',),
        (
            'y',
            ('R_wrist_radius', 'R_wrist_ulna', 'bp_right_wrist'),
            ('R_elbow_lat', 'R_elbow_med', 'bp_right_elbow'),
        ),
        ('z', ('R_wrist_ulna',), ('R_wrist_radius',)),
    ),
    BodyPart(
        'hand_r',
        'forearm_r',
        ('R_knuckle1', 'R_knuckle2', 'R_knuckle3', 'R_knuckle5', 'R_fingertip3'),
        ('bp_right_wrist',),
        ('y', ('R_knuckle2', 'R_knuckle3', 'R_knuckle5'), ('bp_right_wrist',)),
        ('z', ('R_knuckle5',), ('R_knuckle2',)),
    ),
)

# Along the body, so that a convolution over neighbours follows the limbs.
_ORDER = (
    *('foot_r', 'tibia_r', 'femur_r', 'pelvis', 'femur_l', 'tibia_l', 'foot_l'),
    *('hand_r', 'forearm_r', 'humerus_r', 'torso', 'humerus_l', 'forearm_l', 'hand_l', 'head'),
)
_BY_NAME = {part.name: part for part in (_PELVIS, _TORSO, _HEAD, *_LEG, *_ARM)}
BODY_PARTS: tuple[BodyPart, ...] = tuple(_BY_NAME[name] for name in _ORDER)
MARKER_NAMES: tuple[str, ...] = tuple(name for part in BODY_PARTS for name in part.markers)
# For each marker, its partner on the other side; markers of the middle are their own partners.
MIRRORED_MARKERS = partners(MARKER_NAMES)
# Rows of the hips' centres, right and left.
HIP_ROWS = [MARKER_NAMES.index(f'bp_{side}_hip') for side in ('right', 'left')]
