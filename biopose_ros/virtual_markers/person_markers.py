"""Where the markers of one person sit on the segments, as the images of a recording show it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.description import Marker
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers

TOP, SOLES = 'head_vertex', ('R_sole_heel', 'L_sole_heel')
# Number of images, spread evenly over the recording, that the median is taken over.
MAX_IMAGES = 256


class PersonMarkers:
    """
    Starts from the mean body's markers, and corrects them by what the person's images show.

    In each image the markers lie off the places where the posed skeleton carries them. What they
    share is a shift of the whole body (standing feet are held in place, distances waver), and
    says nothing about the markers; the median over the images of the rest, in the segments'
    frames, moves them to the person's own places.

    :param skeleton: the default one.
    :param names: the person's markers; those that no table of ours knows are left out.
    """

    def __init__(self, skeleton: Skeleton, names: Sequence[str]) -> None:
        self._skeleton = skeleton
        own = {marker.name: marker for marker in skeleton.description.markers}
        mean_body = with_virtual_markers(skeleton).description.markers
        known = {**own, **{marker.name: marker for marker in mean_body}}
        self._columns = [column for column, name in enumerate(names) if name in known]
        self.names = tuple(names[column] for column in self._columns)
        self._bodies = [known[name].body for name in self.names]
        self._segments = torch.tensor(
            [skeleton.segment_index(body) for body in self._bodies], dtype=torch.long
        )
        self._mean_m = np.array([known[name].offset_m for name in self.names]).reshape(-1, 3)
        self._corrections_m: list[FloatArray] = []
        self._stride = 1
        self._images = 0

    def observe(
        self, positions_m: FloatArray, coordinates: FloatArray, scales: FloatArray
    ) -> None:
        """
        Take one image in.

        :param positions_m: [markers, 3], ground frame, NaN where unknown.
        :param coordinates: [coordinates], the pose in the image.
        :param scales: [segments, 3].
        """
        self._images += 1
        if (self._images - 1) % self._stride or not np.isfinite(coordinates).all():
            return
        if len(self._corrections_m) == MAX_IMAGES:
            self._corrections_m = self._corrections_m[::2]
            self._stride *= 2
        frames = self._skeleton.forward_kinematics(
            torch.from_numpy(coordinates), torch.from_numpy(scales)
        )
        places_m = torch.from_numpy(self._mean_m * scales[self._segments])
        carried_m = frames.points_m(self._segments, places_m).numpy()
        off_m = positions_m[self._columns] - carried_m
        seen_m = off_m[np.isfinite(off_m).all(axis=-1)]
        if len(seen_m):
            off_m = off_m - np.median(seen_m, axis=0)
            rotations = frames.rotations[self._segments].numpy()
            self._corrections_m.append(np.einsum('mji,mj->mi', rotations, off_m))

    def fitted(
        self, scales: FloatArray, stature_m: float
    ) -> tuple[FloatArray, tuple[Marker, ...]]:
        """
        Give the present estimate, as tall as the person.

        At rest the skeleton, with soles and the top of the head where the images show them, stands
        a little taller or shorter than the person; all of it is scaled to the stature. Without
        these markers the sizes stay.

        :param scales: [segments, 3], as the images show them.
        :param stature_m: standing height of the person.
        :returns: scales [segments, 3], and markers in the frames of the scaled segments.
        """
        places_m = self._mean_m * scales[self._segments]
        if self._corrections_m:
            corrections_m = np.stack(self._corrections_m)
            never_seen = np.isnan(corrections_m).all(axis=0)
            places_m = places_m + np.nanmedian(np.where(never_seen, 0.0, corrections_m), axis=0)
        factor = self._factor(places_m, scales, stature_m)
        markers = tuple(
            Marker(name, body, (float(x), float(y), float(z)))
            for name, body, (x, y, z) in zip(
                self.names, self._bodies, places_m * factor, strict=True
            )
        )
        return scales * factor, markers

    def _factor(self, places_m: FloatArray, scales: FloatArray, stature_m: float) -> float:
        if not np.isfinite(stature_m) or not {*SOLES, TOP} <= set(self.names):
            return 1.0
        rest = self._skeleton.forward_kinematics(
            self._skeleton.default_coordinates, torch.from_numpy(scales)
        )
        heights_m = rest.points_m(self._segments, torch.from_numpy(places_m))[:, 1]
        return stature_m / float(np.ptp(heights_m.numpy()))
