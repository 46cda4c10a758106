"""How often the pipeline takes what looks like a person for one, beside persons themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.evaluation.detection.lookalikes import KINDS, Picture
from biopose_ros.evaluation.tables import side_by_side
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.video import open_frames
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import FloatArray, TrackingState

_FRAME_NS = 100_000_000
# Still images in a row after which everybody who will be published is: some searches, and the
# sightings that confirm.
FRAMES = 8


def started_persons(
    pipeline: Pipeline,
    scenes: Iterable[Mapping[str, Picture]],
    advance: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, Any]]:
    """
    Show still images to the pipeline and count whom it starts.

    :param pipeline: as it would run live.
    :param scenes: of :func:`~.lookalikes.drawn_lookalikes`.
    :param advance: called after each scene.
    :returns: by kind of figure: ``images``; ``started``, the share in which somebody is published
        at a confidence of ``start_confidence`` or more; ``published``, at any confidence, as who
        is near may be; ``confidence``, the median of the surest in the images where somebody is.
    """
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for pictures in scenes:
        for kind, picture in pictures.items():
            found[kind].append(_surest(pipeline, picture))
        advance()
    least = pipeline.config.detection.start_confidence
    return {kind: _figures(np.array(values), least) for kind, values in found.items()}


def _surest(pipeline: Pipeline, picture: Picture) -> float:
    """:returns: the highest confidence of those who are published; NaN where nobody is."""
    camera = guess_camera(picture.shape[1], picture.shape[0])
    pipeline.reset()
    for number in range(FRAMES):
        poses = pipeline.process(picture, camera, number * _FRAME_NS)
    published = [pose.confidence for pose in poses if pose.state is not TrackingState.LOST]
    return max(published, default=float('nan'))


def _figures(confidence: FloatArray, least: float) -> dict[str, Any]:
    published = confidence[np.isfinite(confidence)]
    return {
        'images': len(confidence),
        'started': float(np.sum(published >= least)) / max(len(confidence), 1),
        'published': len(published) / max(len(confidence), 1),
        'confidence': float(np.median(published)) if len(published) else float('nan'),
    }


def doubted_persons(tracker: PersonTracker, video: Path, step: int = 4) -> dict[str, float]:
    """
    Follow the persons in a real video and count how often they look like a robot or mannequin.

    :param tracker: with feature maps.
    :param video: in which everybody is a person.
    :param step: every n-th frame is looked at.
    :returns: ``seen``, records of persons; ``doubted``, the share that rather looks like something
        else; ``person_odds``, the lowest of all, 1 or more where nobody is doubted.
    """
    odds = np.array(
        [
            crop.person_odds
            for frame in islice(open_frames(video), 0, None, step)
            for crop in tracker.update(frame.image_bgr, frame.stamp_ns)
            if crop.state is TrackingState.TRACKED
        ]
    )
    return {
        'seen': float(len(odds)),
        'doubted': float(np.mean(odds < 1.0)) if len(odds) else float('nan'),
        'person_odds': float(odds.min(initial=np.inf)),
    }  # fmt: skip


def rejection_table(results: Mapping[str, Mapping[str, Any]]) -> Table:
    """Lay the figures of :func:`started_persons` out, a column per kind."""
    figures = {
        'images': ('images', '.0f'),
        'started': ('taken for a person, start_confidence or more', '.0%'),
        'published': ('published at any confidence', '.0%'),
        'confidence': ('median confidence', '.2f'),
    }
    return side_by_side(results, figures, title='persons, and what looks like them, drawn')
