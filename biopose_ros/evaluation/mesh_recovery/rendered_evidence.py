"""Errors of recovered bodies on rendered image sequences: by part, confidence and time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.evaluation.error_memory import correlation, lasting_share
from biopose_ros.records import FloatArray
from biopose_ros.training.mesh.measures import geodesic_rad, similarity_aligned
from biopose_ros.training.neurik.render_evidence import TRUE_MARKERS, read_shards
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES
from biopose_ros.virtual_markers.part_axes import PartAxes

_QUANTILES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True)
class PartErrors:
    """
    Errors of the markers of one kind of body part.

    :param mm: mean distance, about the middle of the hips.
    :param across_mm: root mean square along each of the two axes across the view.
    :param depth_mm: root mean square along the view.
    :param rotation_deg: mean angle between the part's true axes and those of the markers.
    :param lasting_share: of the mean square that stays through a sequence.
    :param correlation: of the error with itself, by lag in frames.
    """

    mm: float
    across_mm: float
    depth_mm: float
    rotation_deg: float
    lasting_share: float
    correlation: dict[int, float]


@dataclass(frozen=True)
class RenderedErrors:
    """
    Errors of the estimated markers of all sequences.

    :param frames: looked at, with a detection.
    :param sequences: looked at.
    :param seen_share: of frames with a detection.
    :param mm: mean distance to the true markers, both about the middle of their hips.
    :param pa_mm: after similarity alignment.
    :param parts: by kind of body part.
    :param confidence: of markers with like confidence: lower edge, upper edge, mean mm.
    """

    frames: int
    sequences: int
    seen_share: float
    mm: float
    pa_mm: float
    parts: dict[str, PartErrors]
    confidence: list[tuple[float, float, float]]


def rendered_errors(folder: Path) -> RenderedErrors:
    """
    Compare the markers of a rendering run with the truth.

    :param folder: of :func:`~biopose_ros.training.neurik.render_evidence.render_evidence`.
    :raises FileNotFoundError: when it holds no shards.
    """
    arrays = read_shards(folder)
    seen = (arrays['marker_weights'] > 0).any(-1)
    lengths = arrays['lengths'].astype(np.int64)
    sequence = np.repeat(np.arange(len(lengths)), lengths)[seen]
    found_m, true_m = arrays['markers_m'][seen], arrays[TRUE_MARKERS][seen]
    off_m = np.linalg.norm(found_m - true_m, axis=-1)
    aligned_m = similarity_aligned(torch.from_numpy(found_m), torch.from_numpy(true_m)).numpy()
    return RenderedErrors(
        frames=int(seen.sum()),
        sequences=len(lengths),
        seen_share=float(seen.mean()),
        mm=1e3 * float(off_m.mean()),
        pa_mm=1e3 * float(np.linalg.norm(aligned_m - true_m, axis=-1).mean()),
        parts=_parts(found_m, true_m, sequence),
        confidence=_by_confidence(off_m, arrays['marker_weights'][seen]),
    )


def _parts(
    found_m: FloatArray, true_m: FloatArray, sequence: NDArray[np.int64]
) -> dict[str, PartErrors]:
    axes, ones = PartAxes(), torch.ones(found_m.shape[:2])
    found, true = (axes(torch.from_numpy(points), ones).rotations for points in (found_m, true_m))
    turns_deg = geodesic_rad(found, true).rad2deg().numpy()
    error_m, every = found_m - true_m, np.ones(len(found_m), bool)
    parts = {}
    for kind in dict.fromkeys(part.kind for part in BODY_PARTS):
        rows = [row for row, part in enumerate(BODY_PARTS) if part.kind == kind]
        names = {name for row in rows for name in BODY_PARTS[row].markers}
        own = error_m[:, [place for place, name in enumerate(MARKER_NAMES) if name in names]]
        flat = own.reshape(len(own), -1)
        parts[kind] = PartErrors(
            mm=1e3 * float(np.linalg.norm(own, axis=-1).mean()),
            across_mm=1e3 * float(np.sqrt(np.square(own[..., 1:]).mean())),
            depth_mm=1e3 * float(np.sqrt(np.square(own[..., 0]).mean())),
            rotation_deg=float(turns_deg[:, rows].mean()),
            lasting_share=lasting_share(flat, every, sequence),
            correlation=correlation(flat, np.ones(flat.shape, bool), sequence),
        )
    return parts


def _by_confidence(off_m: FloatArray, weights: FloatArray) -> list[tuple[float, float, float]]:
    """Bin markers by confidence, at its quantiles."""
    edges = np.unique(np.quantile(weights, _QUANTILES))
    bins = []
    for low, high in pairwise(edges):
        inside = (weights >= low) & ((weights < high) | (high == edges[-1]))
        bins.append((float(low), float(high), 1e3 * float(off_m[inside].mean())))
    return bins
