"""Names of what lies on the two sides of the body."""

from __future__ import annotations

from collections.abc import Iterable


def left_of(name: str) -> str:
    """
    Name the left partner of something on the right; what lies elsewhere keeps its name.

    :param name: a marker (``r_knee``, whose partner is ``L_knee``), joint or landmark
        (``right_hip``), segment, body part or coordinate (``femur_r``).
    """
    if name.endswith('_r'):
        return name.removesuffix('_r') + '_l'
    if name.startswith(('R_', 'r_', 'r.')):
        return 'L' + name[1:]
    return name.replace('right', 'left')


def without_side(name: str) -> str:
    """
    Give the name that both sides share.

    :param name: a joint or landmark (``left_hip``), segment, body part or coordinate
        (``femur_l``); what lies in the middle keeps its name.
    """
    for side in ('left_', 'right_'):
        name = name.removeprefix(side)
    return name.removesuffix('_r').removesuffix('_l')


def partners(names: Iterable[str]) -> dict[str, str]:
    """
    Pair right with left.

    :param names: of one kind, see :func:`left_of`.
    :returns: the other side's name by name; what lies in the middle is its own partner.
    """
    left = {name: left_of(name) for name in names}
    return left | {other: name for name, other in left.items() if other != name}
