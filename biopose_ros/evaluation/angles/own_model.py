"""A view's poses on a user's OpenSim model, as `biopose run --osim` carries a recording over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from biopose_ros.files.own_model import OwnModel, load_own_model
from biopose_ros.records import PersonPose
from biopose_ros.skeleton import Skeleton, scaled_osim
from biopose_ros.skeleton.osim_reader import parse_osim
from biopose_ros.virtual_markers.person_markers import PersonMarkers


def carried_poses(
    poses: Sequence[PersonPose | None], skeleton: Skeleton, osim: Path
) -> tuple[list[PersonPose | None], Skeleton]:
    """
    Give the poses in the coordinates of a user's model.

    :param poses: of one person, None where not seen; at least one.
    :param skeleton: of their coordinates.
    :param osim: the model.
    :returns: the poses, without deviations, and the model.
    :raises OsimError: when a motion cannot be carried over to the model.
    """
    model = load_own_model(osim)
    seen = [pose for pose in poses if pose is not None]
    memory = PersonMarkers(skeleton, seen[0].markers.names)
    for pose in seen:
        memory.observe(pose.markers.positions_m, pose.coordinates, pose.scales)
    scales, markers = memory.fitted(seen[-1].scales, seen[-1].stature_m)
    person = Skeleton(parse_osim(scaled_osim(skeleton, scales, markers=markers)))
    own = OwnModel.of_person(model, person)
    rows, _ = own.carried(person, np.stack([pose.coordinates for pose in seen]))
    carried = iter(rows)
    unknown = np.full(rows.shape[1], np.nan)
    moved = [pose and replace(pose, coordinates=next(carried), stddev=unknown) for pose in poses]
    return moved, model
