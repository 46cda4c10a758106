"""Assign the persons of another detector to the followed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from biopose_ros.keypoints.detected import DetectedKeypoints
from biopose_ros.keypoints.formats import POINTS
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.records import FloatArray, ForeignPoints, PersonCrop

IndexArray = NDArray[np.int64]

# Two detectors differ by a few hundredths of a person's size; other persons are further away.
MAX_DISTANCE = 0.2
MIN_SHARED_POINTS = 4
MIN_CONFIDENCE = 0.2


def take_foreign_keypoints(
    crops: Sequence[PersonCrop], detected: DetectedKeypoints
) -> list[PersonCrop]:
    """
    Replace our keypoints by those of another detector; persons whom it did not find keep ours.

    :param crops: all followed persons.
    :param detected: all persons whom the other detector found in the same image.
    """
    assigned = assign_to_persons(detected, crops)
    return [
        with_foreign_keypoints(crop, assigned[crop.track_id])
        if crop.track_id in assigned
        else crop
        for crop in crops
    ]


def assign_to_persons(
    detected: DetectedKeypoints, crops: Sequence[PersonCrop]
) -> dict[int, DetectedKeypoints]:
    """
    Give each followed person the keypoints nearest to ours, each set to one person at most.

    :param detected: all persons whom the other detector found in the image.
    :param crops: all followed persons, in the same image.
    :returns: by track id, with one person each; without those who have no match, or are hidden.
    """
    seen = [crop for crop in crops if crop.state.is_seen]
    if not seen or not len(detected.keypoints_px):
        return {}
    distances = np.stack([_distances(detected, crop) for crop in seen])
    rows, columns = linear_sum_assignment(np.minimum(distances, MAX_DISTANCE))
    return {
        seen[row].track_id: replace(
            detected,
            keypoints_px=detected.keypoints_px[[column]],
            confidence=detected.confidence[[column]],
        )
        for row, column in zip(rows, columns, strict=True)
        if distances[row, column] < MAX_DISTANCE
    }


def with_foreign_keypoints(crop: PersonCrop, detected: DetectedKeypoints) -> PersonCrop:
    """
    Put another detector's keypoints in the place of ours, where it has and knows them.

    :param crop: a followed person.
    :param detected: keypoints of this one person.
    """
    points, landmarks = _shared(detected)
    known = detected.confidence[0, points] > 0
    keypoints_px, confidence = crop.keypoints_px.copy(), crop.keypoint_confidence.copy()
    keypoints_px[landmarks[known]] = detected.keypoints_px[0, points[known]]
    confidence[landmarks[known]] = detected.confidence[0, points[known]]
    return replace(
        crop,
        keypoints_px=keypoints_px,
        keypoint_confidence=confidence,
        foreign=ForeignPoints(detected.names, detected.keypoints_px[0], detected.confidence[0]),
    )


def _distances(detected: DetectedKeypoints, crop: PersonCrop) -> FloatArray:
    """:returns: [persons], median distance to the crop's keypoints over the box's diagonal."""
    points, landmarks = _shared(detected)
    ours = np.where(crop.keypoint_confidence >= MIN_CONFIDENCE, 1.0, np.nan)[landmarks]
    theirs = np.where(detected.confidence >= MIN_CONFIDENCE, 1.0, np.nan)[:, points]
    steps_px = detected.keypoints_px[:, points] - crop.keypoints_px[landmarks]
    apart_px = np.linalg.norm(steps_px, axis=-1) * ours * theirs
    width, height = crop.box_xyxy_px[2:] - crop.box_xyxy_px[:2]
    distances = np.full(len(apart_px), np.inf)
    for person, values in enumerate(apart_px):
        if np.count_nonzero(np.isfinite(values)) >= MIN_SHARED_POINTS:
            distances[person] = np.nanmedian(values) / max(np.hypot(width, height), 1.0)
    return distances


def _shared(detected: DetectedKeypoints) -> tuple[IndexArray, IndexArray]:
    """:returns: [shared] places in the foreign points, and in our landmarks."""
    pairs = [
        (index, landmark_index(POINTS[name].landmark))
        for index, name in enumerate(detected.names)
        if POINTS[name].landmark
    ]
    points, landmarks = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return points, landmarks
