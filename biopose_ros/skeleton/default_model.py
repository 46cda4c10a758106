"""
The default skeleton ``biopose``: the one source of its ``.osim`` and URDF files.

Sources of the numbers:

- Legs, pelvis, torso and arms (joint places and axes, the knee's coupled motion, masses): the
  full-body model of Rajagopal et al. 2016 (IEEE Trans Biomed Eng 63) with the knee of Lai et al.
  2017 and the changes of Uhlrich et al. 2022, published as LaiUhlrich2022.osim under Apache-2.0.
  The same angles mean the same posture in both models. The patella is left out.
- Anatomical markers: the marker set that is published with that model; the left side mirrors the
  right one.
- Ranges: that model's, widened to normal joint ranges (AAOS 1965, Joint Motion) where it is
  narrower than what people do.
- Wrist: Rajagopal et al. 2016 (axes and deviation) and AAOS (flexion).
- Neck: one joint for seven. It sits at 0.55 of the way from the joint C7/T1 to the joint
  skull/C1, the mean place of motion when each level counts by its flexion range (White and
  Panjabi 1990, table 2-1). C7/T1 is found from the C7 and sternum markers after Reed et al. 1999
  (SAE 1999-01-0959); the skull from the craniovertebral angle of 50 degrees and ANSUR's heights.
- Head: landmarks from ANSUR II head measures; mass share from de Leva 1996.
"""

from __future__ import annotations

from dataclasses import replace
from math import radians

from biopose_ros.skeleton.default_bodies import HEAD, PELVIS, RIGHT_BODIES, TORSO
from biopose_ros.skeleton.default_markers import MIDDLE_MARKERS, RIGHT_MARKERS
from biopose_ros.skeleton.description import (
    GROUND,
    X_AXIS,
    Y_AXIS,
    Z_AXIS,
    AxisMotion,
    Body,
    Coordinate,
    Joint,
    Marker,
    ModelDescription,
    Vector,
)
from biopose_ros.skeleton.functions import linear, polynomial
from biopose_ros.skeleton.sides import left_of

CREDITS = (
    'Joint places, axes and masses after Rajagopal et al. 2016, Lai et al. 2017 and '
    'Uhlrich et al. 2022 (LaiUhlrich2022.osim, Apache-2.0); neck, wrist and head by the '
    'biopose_ros project'
)

# Somersaults and turns on the spot run on beyond half a turn: as far as the reference's
# pelvis_rotation, 5730 degrees.
FULL_TURNS = 100.0


def _degrees(name: str, lower: float, upper: float) -> Coordinate:
    return Coordinate(name, radians(lower), radians(upper))


def _turn(axis: Vector, coordinate: str) -> AxisMotion:
    return AxisMotion(axis, coordinate, linear(1.0))


def _ball(
    name: str, parent: str, child: str, at_m: Vector, z: Coordinate, x: Coordinate, y: Coordinate
) -> Joint:
    """Build a joint that turns about z, then x, then y, as the reference does throughout."""
    turns = (_turn(Z_AXIS, z.name), _turn(X_AXIS, x.name), _turn(Y_AXIS, y.name))
    return Joint(name, parent, child, (z, x, y), turns, parent_translation_m=at_m)


def _hinge(
    name: str, parent: str, child: str, at_m: Vector, axis: Vector, angle: Coordinate
) -> Joint:
    """Build a joint about one oblique axis; two more axes across it stand still."""
    axis = _unit(axis)
    second = _unit(_cross(axis, Y_AXIS if abs(axis[1]) < 0.9 else X_AXIS))
    turns = (_turn(axis, angle.name), AxisMotion(second), AxisMotion(_cross(axis, second)))
    return Joint(name, parent, child, (angle,), turns, parent_translation_m=at_m)


def _unit(vector: Vector) -> Vector:
    length = sum(value * value for value in vector) ** 0.5
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def _cross(a: Vector, b: Vector) -> Vector:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _knee(angle: Coordinate) -> Joint:
    """
    Build the knee: the tibia slides, and turns inward by 11 degrees, as the knee bends.

    A hinge fitted to the same anatomical markers would err by 1.5 degrees in hip rotation, 2.2
    at the ankle and 13 at the subtalar joint (mean over random leg postures).
    """
    name = angle.name
    adduction = polynomial(
        (
            0.010832094539863,
            -0.025218325501241,
            -0.032847810398852,
            0.079100011967027,
            -1.473252350900463e-08,
        )
    )
    inward = polynomial(
        (0.025165762727423, -0.169480051390540, 0.369499348688249, -4.430358308836305e-08)
    )
    shifts = (
        (
            1.590447878850381e-04,
            -0.001015149915669,
            0.001817510974968,
            2.641426645199230e-05,
            -7.746563532471892e-07,
        ),
        (
            -5.796878052338684e-04,
            0.005079765745626,
            -0.011442375726364,
            0.003936908668844,
            -2.516350383213525e-05,
        ),
        (
            0.001208086889206,
            -0.004453611224706,
            6.116494072981739e-04,
            0.006265429606387,
            -1.461912533723326e-05,
        ),
    )
    return Joint(
        'knee_r',
        'femur_r',
        'tibia_r',
        (angle,),
        (
            _turn(X_AXIS, name),
            AxisMotion(Z_AXIS, name, adduction),
            AxisMotion(Y_AXIS, name, inward),
        ),
        (
            AxisMotion(X_AXIS, name, polynomial(shifts[0])),
            AxisMotion(Y_AXIS, name, polynomial(shifts[1])),
            AxisMotion(Z_AXIS, name, polynomial(shifts[2])),
        ),
        parent_translation_m=(-0.0045, -0.4096, -0.00175),
        parent_orientation_rad=(-1.64157, 1.44618, 1.5708),
        child_translation_m=(-0.00808954, -0.0035348, -0.00148474),
        child_orientation_rad=(-1.64157, 1.44618, 1.5708),
    )


def _pelvis_joint() -> Joint:
    angles = (
        Coordinate('pelvis_tilt', -FULL_TURNS, FULL_TURNS),
        _degrees('pelvis_list', -90, 90),
        Coordinate('pelvis_rotation', -FULL_TURNS, FULL_TURNS),
    )
    shifts = (
        Coordinate('pelvis_tx', -100.0, 100.0),
        Coordinate('pelvis_ty', -100.0, 100.0, default=0.93),
        Coordinate('pelvis_tz', -100.0, 100.0),
    )
    turns = zip((Z_AXIS, X_AXIS, Y_AXIS), angles, strict=True)
    slides = zip((X_AXIS, Y_AXIS, Z_AXIS), shifts, strict=True)
    tilt, list_, rotation = (_turn(axis, angle.name) for axis, angle in turns)
    x, y, z = (_turn(axis, shift.name) for axis, shift in slides)
    return Joint(
        'ground_pelvis', GROUND, 'pelvis', (*angles, *shifts), (tilt, list_, rotation), (x, y, z)
    )


def _right_leg() -> tuple[Joint, ...]:
    hip = _ball(
        'hip_r',
        'pelvis',
        'femur_r',
        (-0.056276, -0.07849, 0.07726),
        _degrees('hip_flexion_r', -40, 140),
        _degrees('hip_adduction_r', -60, 40),
        _degrees('hip_rotation_r', -50, 50),
    )
    ankle = _hinge(
        'ankle_r',
        'tibia_r',
        'talus_r',
        (-0.01, -0.4, 0.0),
        (-0.10501402, -0.17402184, 0.97912637),
        _degrees('ankle_angle_r', -50, 50),
    )
    subtalar = _hinge(
        'subtalar_r',
        'talus_r',
        'calcn_r',
        (-0.04877, -0.04195, 0.00792),
        (0.78718, 0.6047472, -0.12094825),
        _degrees('subtalar_angle_r', -35, 35),
    )
    mtp = _hinge(
        'mtp_r',
        'calcn_r',
        'toes_r',
        (0.1788, -0.002, 0.00108),
        (0.58095458, 0.0, -0.81393598),
        _degrees('mtp_angle_r', -45, 30),
    )
    return hip, _knee(_degrees('knee_angle_r', 0, 150)), ankle, subtalar, mtp


def _spine() -> tuple[Joint, Joint]:
    back = _ball(
        'back',
        'pelvis',
        'torso',
        (-0.1007, 0.0815, 0.0),
        _degrees('lumbar_extension', -90, 45),
        _degrees('lumbar_bending', -50, 50),
        _degrees('lumbar_rotation', -60, 60),
    )
    neck = _ball(
        'neck',
        'torso',
        'head',
        (0.010, 0.481, 0.0),
        _degrees('neck_extension', -60, 75),
        _degrees('neck_bending', -45, 45),
        _degrees('neck_rotation', -80, 80),
    )
    return back, neck


def _right_arm() -> tuple[Joint, ...]:
    shoulder = _ball(
        'acromial_r',
        'torso',
        'humerus_r',
        (0.003155, 0.3715, 0.17),
        _degrees('arm_flex_r', -90, 180),
        _degrees('arm_add_r', -180, 60),
        _degrees('arm_rot_r', -100, 100),
    )
    elbow = _hinge(
        'elbow_r',
        'humerus_r',
        'ulna_r',
        (0.013144, -0.286273, -0.009595),
        (0.22604727, 0.02226899, 0.97386176),
        _degrees('elbow_flex_r', 0, 155),
    )
    forearm = _hinge(
        'radioulnar_r',
        'ulna_r',
        'radius_r',
        (-0.006727, -0.013007, 0.026083),
        (0.05639806, 0.99840645, 0.00195321),
        _degrees('pro_sup_r', 0, 160),
    )
    flexion, deviation = _degrees('wrist_flex_r', -70, 80), _degrees('wrist_dev_r', -25, 35)
    wrist = Joint(
        'wrist_r',
        'radius_r',
        'hand_r',
        (flexion, deviation),
        (_turn(Z_AXIS, flexion.name), _turn(X_AXIS, deviation.name), AxisMotion(Y_AXIS)),
        parent_translation_m=(-0.008797, -0.235841, 0.01361),
    )
    return shoulder, elbow, forearm, wrist


def _mirrored_point(point_m: Vector) -> Vector:
    return (point_m[0], point_m[1], -point_m[2])


def _mirrored_turn(vector: Vector) -> Vector:
    """Mirror an axis of rotation, or small angles, in the plane z = 0."""
    return (-vector[0], -vector[1], vector[2])


def _left_body(body: Body) -> Body:
    xx, yy, zz, xy, xz, yz = body.inertia_kg_m2
    return Body(
        left_of(body.name),
        body.mass_kg,
        _mirrored_point(body.mass_center_m),
        (xx, yy, zz, xy, -xz, -yz),
        tuple(
            replace(c, start_m=_mirrored_point(c.start_m), end_m=_mirrored_point(c.end_m))
            for c in body.capsules
        ),
    )


def _left_motion(motion: AxisMotion, axis: Vector) -> AxisMotion:
    name = None if motion.coordinate is None else left_of(motion.coordinate)
    return AxisMotion(axis, name, motion.function)


def _left_joint(joint: Joint) -> Joint:
    """Mirror a joint, so that one angle means the same posture on both sides."""
    turns = [_left_motion(motion, _mirrored_turn(motion.axis)) for motion in joint.rotations]
    shifts = [_left_motion(motion, _mirrored_point(motion.axis)) for motion in joint.translations]
    return Joint(
        left_of(joint.name),
        left_of(joint.parent),
        left_of(joint.child),
        tuple(replace(c, name=left_of(c.name)) for c in joint.coordinates),
        (turns[0], turns[1], turns[2]),
        (shifts[0], shifts[1], shifts[2]),
        _mirrored_point(joint.parent_translation_m),
        _mirrored_turn(joint.parent_orientation_rad),
        _mirrored_point(joint.child_translation_m),
        _mirrored_turn(joint.child_orientation_rad),
    )


def _markers() -> tuple[Marker, ...]:
    middle = [Marker(*marker) for marker in MIDDLE_MARKERS]
    pairs = [
        marker
        for name, body, offset in RIGHT_MARKERS
        for marker in (
            Marker(name, body, offset),
            Marker(left_of(name), left_of(body), _mirrored_point(offset)),
        )
    ]
    return (*middle, *pairs)


def default_model() -> ModelDescription:
    """Describe the default skeleton: 40 coordinates, 21 segments, 1.70 m and 75 kg."""
    leg_bodies, arm_bodies = RIGHT_BODIES[:5], RIGHT_BODIES[5:]
    leg, arm = _right_leg(), _right_arm()
    return ModelDescription(
        name='biopose',
        bodies=(
            PELVIS,
            *leg_bodies,
            *(_left_body(body) for body in leg_bodies),
            TORSO,
            HEAD,
            *arm_bodies,
            *(_left_body(body) for body in arm_bodies),
        ),
        joints=(
            _pelvis_joint(),
            *leg,
            *(_left_joint(joint) for joint in leg),
            *_spine(),
            *arm,
            *(_left_joint(joint) for joint in arm),
        ),
        markers=_markers(),
        credits=CREDITS,
    )
