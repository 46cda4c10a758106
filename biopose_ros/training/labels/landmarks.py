"""Names of markers on the two sides of the body."""

from __future__ import annotations


def mirrored_name(marker: str) -> str:
    """
    Name a right marker's partner on the left side; markers in the middle are their own.

    :param marker: for example ``r_knee``, whose partner is ``L_knee``.
    """
    for right, left in (('R_', 'L_'), ('r_', 'L_'), ('r.', 'L.')):
        if marker.startswith(right):
            return left + marker[2:]
    for one, other in (('right', 'left'), ('left', 'right')):
        if one in marker:
            return marker.replace(one, other)
    return marker
