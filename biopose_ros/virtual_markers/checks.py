"""Check a marker table on a body: left mirrors right, and landmarks lie at human distances."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.model import BodyModel
from biopose_ros.skeleton.sides import partners
from biopose_ros.virtual_markers.marker_table import MarkerTable

# A mesh's own asymmetry and a few vertices' width; SMPL's mesh is symmetric to some millimetres.
SYMMETRY_M = 0.015


@dataclass(frozen=True)
class Distance:
    """
    How far two markers lie apart in adults.

    :param first: marker.
    :param second: marker.
    :param lowest: share of stature.
    :param highest: share of stature.
    """

    first: str
    second: str
    lowest: float
    highest: float


# From ANSUR II (5th to 95th percentile over stature, both sexes, widened by a tenth for the flesh
# over the bone) where it has the measure; from LaiUhlrich2022's markers, +-20 %, where not.
DISTANCES = (
    Distance('R_Shoulder', 'L_Shoulder', 0.19, 0.27),
    Distance('r.ASIS', 'L.ASIS', 0.12, 0.18),
    Distance('r.PSIS', 'L.PSIS', 0.04, 0.075),
    Distance('r.ASIS', 'r.PSIS', 0.09, 0.14),
    Distance('C7', 'L5', 0.22, 0.31),
    Distance('C7', 'sternal_notch', 0.05, 0.10),
    Distance('sternal_notch', 'xiphoid', 0.08, 0.14),
    Distance('R_elbow_lat', 'R_wrist_radius', 0.12, 0.18),
    Distance('R_elbow_lat', 'R_elbow_med', 0.03, 0.06),
    Distance('R_wrist_radius', 'R_wrist_ulna', 0.025, 0.045),
    Distance('R_wrist_radius', 'R_fingertip3', 0.095, 0.13),
    Distance('r_knee', 'r_mknee', 0.05, 0.085),
    Distance('r_knee', 'r_ankle', 0.21, 0.28),
    Distance('r_ankle', 'r_mankle', 0.034, 0.05),
    Distance('r_calc', 'r_toe', 0.10, 0.14),
    Distance('R_1meta', 'r_5meta', 0.045, 0.07),
    Distance('r_calc', 'R_toe_tip1', 0.13, 0.17),
    Distance('R_tragion', 'L_tragion', 0.07, 0.10),
)


def marker_faults(table: MarkerTable, body: BodyModel) -> list[str]:
    """
    List what is wrong with the markers on a body in its rest pose.

    :param table: of the body's topology.
    :param body: with arms and legs straight at zero pose.
    :returns: one sentence per fault; empty when all is well.
    """
    with torch.no_grad():
        mesh = body(torch.zeros(len(JOINT_NAMES), 3))
        places = dict(zip(table.names, table.positions_m(mesh), strict=True))
    height = mesh.vertices_m[:, 1]
    stature = float(height.max() - height.min())
    faults, partner_of = [], partners(places)
    for name, place in places.items():
        partner = partner_of[name]
        if partner not in places:
            faults.append(f'{name} has no partner on the other side')
            continue
        apart = float((place * place.new_tensor([-1.0, 1.0, 1.0]) - places[partner]).norm())
        if apart > SYMMETRY_M:
            faults.append(f'{name} lies {1e3 * apart:.0f} mm from the mirror image of {partner}')
    for pair in DISTANCES:
        if pair.first in places and pair.second in places:
            share = float((places[pair.first] - places[pair.second]).norm()) / stature
            if not pair.lowest <= share <= pair.highest:
                faults.append(
                    f'{pair.first} to {pair.second} is {share:.3f} of the stature, expected '
                    f'{pair.lowest} to {pair.highest}'
                )
    return faults
