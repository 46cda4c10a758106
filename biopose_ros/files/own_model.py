"""
The motion on an OpenSim model of the user's own: ``own_model.osim`` and ``own_motion.mot``.

Both models stand upright where all coordinates are zero, so that a segment of the same name lies
the same way there. Its size follows from the joints that both models have on it, and the person's
markers move over, each to the segment of the same name. Bounded inverse kinematics on these
markers then gives the motion in the model's own coordinates, within its own limits.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from biopose_ros.files.mot import MotWriter
from biopose_ros.files.output import replacing
from biopose_ros.files.resampling import Motion
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import OsimError, Skeleton, load_skeleton, scaled_osim, solve_pose
from biopose_ros.skeleton.description import Marker
from biopose_ros.virtual_markers.on_skeleton import with_markers

OWN_MODEL, OWN_MOTION = 'own_model.osim', 'own_motion.mot'
# Without these there is nothing to hang a motion on.
NEEDED = ('pelvis', 'femur_r', 'tibia_r', 'femur_l', 'tibia_l', 'torso')
# Models put the joint of the neck anywhere: it gives no size.
VAGUE = ('head',)
# A segment's joints give its size along an axis from this extent on; below, its mean size counts.
_SHORTEST_M = 0.03
CHUNK_ROWS = 1000


def load_own_model(path: Path) -> Skeleton:
    """
    Read a user's model, and see that a motion can be carried over to it.

    :param path: an ``.osim`` file of version 4.x.
    :raises FileNotFoundError: when there is no such file.
    :raises OsimError: when the file is broken or older, or lacks a segment; names it.
    """
    skeleton = load_skeleton(path)
    version = ET.parse(path).getroot().get('Version', '')
    if not version.startswith('4'):
        raise OsimError(
            f'{path}: a file of version {version or "unknown"}; OpenSim 4 writes it anew: '
            "opensim.Model('old.osim').printToXML('new.osim')"
        )
    lacking = [name for name in NEEDED if name not in skeleton.segment_names]
    if lacking:
        raise OsimError(
            f'{path}: bodies {", ".join(lacking)} are missing; a model needs '
            f'{", ".join(NEEDED)}, named so, and has {", ".join(skeleton.segment_names)}'
        )
    return skeleton


@dataclass(frozen=True)
class OwnModel:
    """
    A user's model in the size of a person, with the person's markers.

    :param skeleton: the model as in its file, with the markers in its unscaled segments.
    :param scales: [segments, 3], the person's sizes.
    """

    skeleton: Skeleton
    scales: FloatArray

    @classmethod
    def of_person(cls, model: Skeleton, person: Skeleton) -> OwnModel:
        """
        Bring a model to a person's size and put the person's markers on it.

        :param model: from :func:`load_own_model`.
        :param person: the default skeleton in the person's size, with the person's markers.
        """
        ours = _Standing.of(person)
        scales, shifts_m = _sizes(model, ours)
        theirs = _Standing.of(model, scales)
        carried = set(model.segment_names) - _stiff_ends(model, person)
        markers = [m for m in person.description.markers if m.body in carried]
        names, bodies = [m.name for m in markers], [m.body for m in markers]
        offsets_m = np.zeros((len(markers), 3))
        for offset_m, marker in zip(offsets_m, markers, strict=True):
            row, own = model.segment_index(marker.body), person.segment_index(marker.body)
            place_m = ours.origins_m[own] + ours.turns[own] @ marker.offset_m
            local_m = theirs.turns[row].T @ (place_m - shifts_m[row] - theirs.origins_m[row])
            offset_m[:] = local_m / scales[row]
        marked = with_markers(model, names, bodies, torch.from_numpy(offsets_m))
        return cls(marked, scales)

    def carried(self, person: Skeleton, coordinates: FloatArray) -> tuple[FloatArray, FloatArray]:
        """
        Give a motion in the model's coordinates.

        :param person: the skeleton that the motion belongs to, with its markers.
        :param coordinates: [rows, coordinates], radians and metres.
        :returns: [rows, coordinates] of the model, within its limits, and how far its markers end
            from the person's, [rows], root mean square, metres.
        """
        names, rows = self.skeleton.marker_names, torch.from_numpy(coordinates)
        start = self.skeleton.default_coordinates.repeat(len(rows), 1)
        for name in set(self.skeleton.coordinate_names) & set(person.coordinate_names):
            values = rows[:, person.coordinate_index(name)]
            start[:, self.skeleton.coordinate_index(name)] = values
        found = solve_pose(
            self.skeleton,
            names,
            person.marker_positions(rows, names=names),
            scales=torch.from_numpy(self.scales),
            initial=start,
        )
        return found.coordinates.numpy(), found.residual_rms_m.numpy()

    def text(self, model: Skeleton, mass_kg: float) -> str:
        """
        Give the text of the model file in the person's size.

        :param model: from :func:`load_own_model`.
        :param mass_kg: of the person.
        """
        segments = [marker.body for marker in self.skeleton.description.markers]
        rows = [self.skeleton.segment_index(body) for body in segments]
        places_m = self.skeleton.marker_offsets_m.numpy() * self.scales[rows]
        markers = [
            Marker(name, body, (float(x), float(y), float(z)))
            for name, body, (x, y, z) in zip(
                self.skeleton.marker_names, segments, places_m, strict=True
            )
        ]
        return scaled_osim(model, self.scales, mass_kg, markers)


def write_own_model(folder: Path, model: Skeleton, person: Skeleton, motion: Motion) -> float:
    """
    Write a user's model in a person's size, and the person's motion on it.

    :param folder: of the person.
    :param model: from :func:`load_own_model`.
    :param person: the default skeleton in the person's size, with the person's markers.
    :param motion: of the person.
    :returns: how far the model's markers end from the person's, root mean square, metres.
    :raises OutputError: when the files cannot be written.
    """
    own, squares = OwnModel.of_person(model, person), 0.0
    with replacing(folder / OWN_MODEL) as path:
        path.write_text(own.text(model, sum(body.mass_kg for body in person.description.bodies)))
    with (
        replacing(folder / OWN_MOTION) as path,
        MotWriter(path, model.coordinate_names) as mot,
    ):
        for start in range(0, len(motion.times_s), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            rows, residuals_m = own.carried(person, motion.coordinates[part])
            squares += float((residuals_m**2).sum())
            for time_s, row in zip(motion.times_s[part], rows, strict=True):
                mot.write(time_s, row)
    return float(np.sqrt(squares / len(motion.times_s)))


@dataclass(frozen=True)
class _Standing:
    """
    A skeleton with all coordinates zero.

    :param skeleton: any.
    :param turns: [segments, 3, 3], from segment to ground.
    :param origins_m: [segments, 3], ground.
    """

    skeleton: Skeleton
    turns: FloatArray
    origins_m: FloatArray

    @classmethod
    def of(cls, skeleton: Skeleton, scales: FloatArray | None = None) -> _Standing:
        frames = skeleton.forward_kinematics(
            torch.zeros_like(skeleton.default_coordinates),
            None if scales is None else torch.from_numpy(scales),
        )
        return cls(skeleton, frames.rotations.numpy(), frames.positions_m.numpy())

    def joints_m(self, owners: Sequence[str]) -> dict[str, FloatArray]:
        """
        Place the joints between segments that both models have, ground.

        :param owners: [segments], from :func:`_owners`.
        :returns: by ``child on parent``, so that only joints of the same two segments compare.
        """
        found: dict[str, FloatArray] = {}
        for row, parent in enumerate(self.skeleton.segment_parents):
            above = 'ground' if parent < 0 else owners[parent]
            if owners[row] != above and owners[row] not in VAGUE:
                found.setdefault(f'{owners[row]} on {above}', self.origins_m[row])
        return found


def _stiff_ends(model: Skeleton, person: Skeleton) -> set[str]:
    """
    Name hands, toes and heads that move less in a model than in the person's skeleton.

    Their markers would bend the joints above instead.
    """

    def freedom(skeleton: Skeleton, name: str) -> int:
        return sum(
            not coordinate.is_locked
            for joint in skeleton.description.joints
            for coordinate in joint.coordinates
            if joint.child == name
        )

    shared = set(model.segment_names) & set(person.segment_names)
    ends = shared - {model.segment_names[p] for p in model.segment_parents if p >= 0}
    return {name for name in ends if freedom(model, name) < freedom(person, name)}


def _owners(skeleton: Skeleton, shared: Set[str]) -> list[str]:
    """
    Tell for each segment to which of the shared ones it belongs.

    What lies between two shared segments and moves (lumbar vertebrae) belongs to the lower one,
    what hangs on a shared one (a patella, a fixed sacrum) to that.
    """
    parents, names = skeleton.segment_parents, skeleton.segment_names
    moves = {joint.child for joint in skeleton.description.joints if joint.coordinates}
    below: dict[int, str] = {}
    for row in reversed(range(len(names))):
        name = names[row] if names[row] in shared else below.get(row)
        if name is not None and parents[row] >= 0 and names[parents[row]] not in shared:
            below.setdefault(parents[row], name)
    owners: list[str] = []
    for row, name in enumerate(names):
        above = 'ground' if parents[row] < 0 else owners[parents[row]]
        owners.append(
            name if name in shared else below.get(row, above) if name in moves else above
        )
    return owners


def _sizes(theirs: Skeleton, ours: _Standing) -> tuple[FloatArray, FloatArray]:
    """
    Fit each segment of a model onto the same segment of a person.

    :returns: size factors [segments, 3] along the model's own axes; and [segments, 3], from where
        the joints of each segment then stand to where they are in the person, ground.
    """
    shared = set(theirs.segment_names) & set(ours.skeleton.segment_names)
    owners = _owners(theirs, shared)
    person_m = ours.joints_m(_owners(ours.skeleton, shared))
    standing = _Standing.of(theirs)
    model_m = standing.joints_m(owners)
    on = {
        name: [j for j in model_m if j in person_m and name in j.split(' on ')] for name in shared
    }
    scales = np.full((len(owners), 3), np.nan)
    for row, name in enumerate(owners):
        if len(on.get(name, ())) > 1:
            turn = standing.turns[theirs.segment_index(name)]
            scales[row] = _factors(
                *(np.stack([at[j] for j in on[name]]) @ turn for at in (model_m, person_m))
            )
    scales = _without_gaps(theirs, scales)
    scaled_m = _Standing.of(theirs, scales).joints_m(owners)
    shifts_m = np.zeros((len(owners), 3))
    for row, parent in enumerate(theirs.segment_parents):
        if joints := on.get(owners[row]):
            shifts_m[row] = np.mean([person_m[j] - scaled_m[j] for j in joints], axis=0)
        elif parent >= 0:
            shifts_m[row] = shifts_m[parent]
    return scales, shifts_m


def _factors(model_m: FloatArray, person_m: FloatArray) -> FloatArray:
    """Give the size along each axis; NaN where the joints are all in one place."""
    model_m, person_m = model_m - model_m.mean(0), person_m - person_m.mean(0)
    extent_m = np.ptp(model_m, axis=0)
    if not (extent_m > _SHORTEST_M).any():
        return np.full(3, np.nan)
    overall = np.sqrt((person_m**2).sum() / (model_m**2).sum())
    along = np.abs((person_m * model_m).sum(0)) / np.maximum((model_m**2).sum(0), 1e-12)
    return np.where(extent_m > _SHORTEST_M, along, overall)


def _without_gaps(skeleton: Skeleton, scales: FloatArray) -> FloatArray:
    """Let segments of unknown size grow with the segment that they hang on."""
    mean = np.nanmean(scales)
    for row, parent in enumerate(skeleton.segment_parents):
        if np.isnan(scales[row]).any():
            scales[row] = mean if parent < 0 else scales[parent].mean()
    return scales
