"""Person detectors side by side: on rendered images with truth, in the tracker, on real frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.detection.person_detector import Detection, PersonDetector
from biopose_ros.detection.search import plan_windows
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.evaluation.detection.scenes import StagedImage
from biopose_ros.evaluation.tables import side_by_side
from biopose_ros.files.video import open_frames
from biopose_ros.records import FloatArray, TrackingState
from biopose_ros.settings import DetectionConfig

# Lower ends of the classes of persons, by their height in the image, pixels.
HEIGHTS_PX = (40, 60, 100, 200, 400)
# A person must be found from this visible share on.
_LEAST_VISIBLE = 0.7
# A crop is usable within this error of its centre, share of the radius, and this size ratio.
_REACH, _GROWTH = 0.5, 1.8
_CIRCLE_MARGIN = 1.25  # the crop's side over the circle's diameter
_FRAME_NS = 33_333_333


@dataclass(frozen=True)
class Settings:
    """
    How detectors are tried.

    :param min_score: as the tracker has it.
    :param frames: that the tracker sees of each still image.
    """

    min_score: float = DetectionConfig.min_detection_score
    frames: int = 60


def evaluate_detector(
    network: Path,
    crowded: Sequence[StagedImage],
    empty: Sequence[StagedImage],
    settings: Settings,
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """
    Try one detector, alone and in the tracker.

    :param network: ONNX file.
    :param crowded: images with persons.
    :param empty: images without.
    :param settings: how.
    :param advance: called after each image.
    :returns: ``recall`` by lower end of the height, ``crop_iou``, ``hips_error`` and ``top_error``
        (shares of the circle's radius), ``false_boxes`` per empty image over all windows of the
        search; ``tracked_recall`` by height and ``false_persons`` per empty image of the tracker;
        ``persons``, how many of each height are to be found.
    """
    detector = PersonDetector('cpu', 1, settings.min_score, network)
    tracker = PersonTracker(DetectionConfig(threads=1, max_persons=12), 'cpu')
    tracker.detector = detector
    found: list[tuple[float, Detection | None, FloatArray]] = []
    tracked: list[tuple[float, bool]] = []
    for image in crowded:
        detections = _search_all(detector, image)
        places = _track(tracker, image, settings.frames)
        for points, height in _wanted(image):
            found.append((height, _nearest(detections, points), points))
            tracked.append((height, any(_is_near(place, points) for place in places)))
        advance()
    false_boxes, false_persons = [], []
    for image in empty:
        false_boxes.append(len(_search_all(detector, image)))
        false_persons.append(len(_track(tracker, image, settings.frames)))
        advance()
    hits = [(detection, points) for _, detection, points in found if detection]
    return {
        'recall': _by_height((height, detection is not None) for height, detection, _ in found),
        **_errors(hits),
        'false_boxes': float(np.mean(false_boxes)),
        'tracked_recall': _by_height(tracked),
        'false_persons': float(np.mean(false_persons)),
        'persons': _by_height(((height, True) for height, _ in tracked), np.sum),
    }


def _search_all(detector: PersonDetector, image: StagedImage) -> list[Detection]:
    """Look into every window of the search."""
    height, width = image.image_bgr.shape[:2]
    plan = plan_windows(width, height, DetectionConfig.smallest_person)
    windows = list(dict.fromkeys(window for size in plan.values() for window in size))
    return detector.detect(image.image_bgr, windows)


def _track(tracker: PersonTracker, image: StagedImage, frames: int) -> list[FloatArray]:
    """:returns: hips and radius [3] of everybody tracked after some frames of a still image."""
    tracker.reset()
    for number in range(frames):
        tracker.update(image.image_bgr, number * _FRAME_NS)
    seen = [track for track in tracker.tracks if track.state == TrackingState.TRACKED]
    return [
        np.append(track.sighting.next_crop.center_px, track.size_px / 2 / _CIRCLE_MARGIN)
        for track in seen
    ]


def _wanted(image: StagedImage) -> list[tuple[FloatArray, float]]:
    """:returns: points and height of those who must be found."""
    return [
        (points, float(height))
        for points, height, share in zip(
            image.points_px, image.heights_px, image.visible, strict=True
        )
        if share >= _LEAST_VISIBLE and height >= HEIGHTS_PX[0]
    ]


def _circle(points_px: FloatArray) -> FloatArray:
    return np.append(points_px[2], np.linalg.norm(points_px[3] - points_px[2]))


def _is_near(place: FloatArray, points_px: FloatArray) -> bool:
    circle = _circle(points_px)
    distance = np.linalg.norm(place[:2] - circle[:2])
    return bool(distance < _REACH * circle[2] and 1 / _GROWTH < place[2] / circle[2] < _GROWTH)


def _place(detection: Detection) -> FloatArray:
    return np.append(detection.crop.center_px, detection.crop.size_px / 2 / _CIRCLE_MARGIN)


def _nearest(detections: Iterable[Detection], points_px: FloatArray) -> Detection | None:
    near = [found for found in detections if _is_near(_place(found), points_px)]
    return min(
        near, key=lambda found: np.linalg.norm(found.crop.center_px - points_px[2]), default=None
    )


def _errors(hits: Sequence[tuple[Detection, FloatArray]]) -> dict[str, float]:
    """Mean errors of detections against the points [6, 2] of their persons."""
    rows = []
    for detection, points in hits:
        place, circle = _place(detection), _circle(points)
        angle = detection.crop.angle_rad
        top = place[:2] + place[2] * np.array([np.sin(angle), -np.cos(angle)])
        errors = np.linalg.norm([place[:2] - circle[:2], top - points[3]], axis=1) / circle[2]
        rows.append([_square_iou(place, circle), *errors])
    means = np.mean(rows, axis=0) if rows else np.full(3, np.nan)
    return dict(zip(('crop_iou', 'hips_error', 'top_error'), map(float, means), strict=True))


def _square_iou(first: FloatArray, second: FloatArray) -> float:
    """Intersection over union of the upright squares around two circles [3]."""
    low = np.maximum(first[:2] - first[2], second[:2] - second[2])
    high = np.minimum(first[:2] + first[2], second[:2] + second[2])
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / (4 * first[2] ** 2 + 4 * second[2] ** 2 - shared)


def _by_height(
    pairs: Iterable[tuple[float, bool]], summary: Callable[..., Any] = np.mean
) -> dict[str, float]:
    """Summarise by class of height; empty classes are left out."""
    rows = list(pairs)
    ends = [*HEIGHTS_PX[1:], np.inf]
    classes = {
        str(low): [value for height, value in rows if low <= height < high]
        for low, high in zip(HEIGHTS_PX, ends, strict=True)
    }
    return {name: float(summary(values)) for name, values in classes.items() if values}


def agreement(
    first: PersonDetector, second: PersonDetector, video: Path, step: int = 5, count: int = 20
) -> dict[str, float]:
    """
    Compare two detectors on the frames of a real video, whole images.

    A person counts where the landmark network confirms what either of them found.

    :param first: for example the published one.
    :param second: for example ours.
    :param video: to look at.
    :param step: every n-th frame is looked at.
    :param count: frames at most.
    :returns: ``persons`` confirmed; shares that ``both``, ``first_only`` and ``second_only``
        found; ``distance`` of the hips and ``growth`` of the circle where both did, shares of the
        radius; and unconfirmed boxes per frame of either.
    """
    network = LandmarkNetwork(threads=1, device='cpu')
    counts = {'both': 0, 'first_only': 0, 'second_only': 0}
    false = {'first_unconfirmed': 0, 'second_unconfirmed': 0}
    gaps: list[list[float]] = []
    frames = 0
    for frame in islice(open_frames(video), 0, step * count, step):
        frames += 1
        image = frame.image_bgr
        sides = []
        for name, detector in zip(false, (first, second), strict=True):
            crops = [found.crop for found in detector.detect(image)]
            second_look = [s.next_crop for s in network.run(image, crops)]
            is_sure = [
                sighting.presence >= DetectionConfig.start_presence
                for sighting in network.run(image, second_look)
            ]
            false[name] += is_sure.count(False)
            sides.append([crop for crop, sure in zip(crops, is_sure, strict=True) if sure])
        ours = list(sides[1])
        for crop in sides[0]:
            near = [
                o for o in ours if np.linalg.norm(o.center_px - crop.center_px) < crop.size_px / 5
            ]
            counts['both' if near else 'first_only'] += 1
            if near:
                ours = [other for other in ours if other is not near[0]]
                radius = crop.size_px / 2 / _CIRCLE_MARGIN
                gaps.append([
                    float(np.linalg.norm(near[0].center_px - crop.center_px)) / radius,
                    near[0].size_px / crop.size_px - 1,
                ])  # fmt: skip
        counts['second_only'] += len(ours)
    persons = max(sum(counts.values()), 1)
    distance, growth = np.mean(gaps, axis=0) if gaps else (np.nan, np.nan)
    return {
        'persons': sum(counts.values()),
        **{name: count / persons for name, count in counts.items()},
        'distance': float(distance),
        'growth': float(growth),
        **{name: count / max(frames, 1) for name, count in false.items()},
    }


def detector_table(results: dict[str, Any]) -> Table:
    """
    Lay figures out side by side.

    :param results: of the command: detector name to what :func:`evaluate_detector` gives.
    """
    figures: dict[Any, tuple[str, str]] = {}
    columns: dict[str, dict[Any, Any]] = {name: dict(found) for name, found in results.items()}
    for kind, title in (('recall', 'boxes found'), ('tracked_recall', 'persons tracked')):
        for name, found in results.items():
            for height, share in found[kind].items():
                columns[name][kind, height] = share
                figures[kind, height] = (f'{title}, from {height} px', '.0%')
    for key in ('false_boxes', 'false_persons', 'crop_iou', 'hips_error', 'top_error'):
        figures[key] = (key.replace('_', ' '), '.2f')
    return side_by_side(columns, figures, title='person detectors on rendered images')
