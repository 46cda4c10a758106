"""
What a skeleton is, before any mathematics: bodies, joints, coordinates, markers.

The default model, the reader of ``.osim`` files and the writers of ``.osim`` and URDF files all
use these records. Frames are OpenSim's (x forward, y up, z right), metres and radians.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from biopose_ros.skeleton.functions import PiecewisePolynomial, constant

Vector = tuple[float, float, float]

GROUND = 'ground'
ORIGIN: Vector = (0.0, 0.0, 0.0)
X_AXIS: Vector = (1.0, 0.0, 0.0)
Y_AXIS: Vector = (0.0, 1.0, 0.0)
Z_AXIS: Vector = (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Capsule:
    """
    A rounded rod, which draws a part of a body.

    :param start_m: centre of one end, body frame.
    :param end_m: centre of the other end, body frame.
    :param radius_m: radius.
    """

    start_m: Vector
    end_m: Vector
    radius_m: float


@dataclass(frozen=True)
class Body:
    """
    A rigid segment.

    :param name: for example ``femur_r``.
    :param mass_kg: mass.
    :param mass_center_m: centre of mass, body frame.
    :param inertia_kg_m2: xx, yy, zz, xy, xz, yz about the centre of mass.
    :param capsules: how it is drawn.
    """

    name: str
    mass_kg: float = 0.0
    mass_center_m: Vector = ORIGIN
    inertia_kg_m2: tuple[float, ...] = (0.0,) * 6
    capsules: tuple[Capsule, ...] = ()


@dataclass(frozen=True)
class Coordinate:
    """
    One degree of freedom.

    :param name: for example ``knee_angle_r``.
    :param lower: least value, radians or metres.
    :param upper: greatest value.
    :param default: value in the resting pose.
    :param is_locked: held at its default.
    """

    name: str
    lower: float
    upper: float
    default: float = 0.0
    is_locked: bool = False


@dataclass(frozen=True)
class AxisMotion:
    """
    A turn about, or a shift along, one axis of a joint.

    :param axis: unit vector in the joint's parent frame (before this joint's earlier turns).
    :param coordinate: the coordinate that drives it; None where nothing does.
    :param function: the angle (radians) or the distance (metres) over the coordinate.
    """

    axis: Vector
    coordinate: str | None = None
    function: PiecewisePolynomial = constant(0.0)  # noqa: RUF009 (frozen, so it may be shared)


NO_SHIFT = (AxisMotion(X_AXIS), AxisMotion(Y_AXIS), AxisMotion(Z_AXIS))


@dataclass(frozen=True)
class Joint:
    """
    Where a child body sits on its parent, and how it moves.

    The joint's frames are fixed to the two bodies at an offset each. From the parent's frame to
    the child's: shift along the three translation axes, then turn about the three rotation axes
    one after the other (each axis rides on the turns before it).

    :param name: for example ``hip_r``.
    :param parent: body name or ``ground``.
    :param child: body name.
    :param coordinates: the coordinates that live in this joint.
    :param rotations: three turns.
    :param translations: three shifts.
    :param parent_translation_m: the joint's frame in the parent body.
    :param parent_orientation_rad: body-fixed x, y, z angles of that frame.
    :param child_translation_m: the joint's frame in the child body.
    :param child_orientation_rad: body-fixed x, y, z angles of that frame.
    :param are_shifts_scaled: whether shifts grow with the parent body; so OpenSim does in a
        CustomJoint, save for shifts that equal their coordinate.
    """

    name: str
    parent: str
    child: str
    coordinates: tuple[Coordinate, ...]
    rotations: tuple[AxisMotion, AxisMotion, AxisMotion]
    translations: tuple[AxisMotion, AxisMotion, AxisMotion] = NO_SHIFT
    parent_translation_m: Vector = ORIGIN
    parent_orientation_rad: Vector = ORIGIN
    child_translation_m: Vector = ORIGIN
    child_orientation_rad: Vector = ORIGIN
    are_shifts_scaled: bool = True


@dataclass(frozen=True)
class Marker:
    """
    A named point fixed to a body.

    :param name: for example ``r_knee``.
    :param body: body name.
    :param offset_m: position in the body's frame.
    """

    name: str
    body: str
    offset_m: Vector


@dataclass(frozen=True)
class Coupler:
    """
    A coordinate that follows another one.

    :param dependent: the coordinate that follows.
    :param independent: the coordinate that leads.
    :param function: the follower's value over the leader's.
    """

    dependent: str
    independent: str
    function: PiecewisePolynomial


@dataclass(frozen=True)
class ModelDescription:
    """
    A whole model.

    :param name: for example ``biopose``.
    :param bodies: segments without the ground.
    :param joints: one per body.
    :param markers: named points.
    :param couplers: coordinates that follow others.
    :param credits: who measured the numbers.
    """

    name: str
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    markers: tuple[Marker, ...] = ()
    couplers: tuple[Coupler, ...] = field(default=())
    credits: str = ''
