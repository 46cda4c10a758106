"""Persons for tests: a whole record in which each test states what matters to it."""

import numpy as np

from biopose_ros.records import Markers, PersonPose, TrackingState

NO_MARKERS = Markers((), np.zeros((0, 3)), np.zeros(0))


def person_pose(coordinates=(), segments=0, **changes):
    """
    Person 1, tracked, at rest, surely known, with the skeleton's own size.

    :param coordinates: [coordinates].
    :param segments: how many the skeleton has.
    :param changes: fields with other values.
    """
    count = len(coordinates)
    fields = {
        'track_id': 1,
        'stamp_ns': 0,
        'state': TrackingState.TRACKED,
        'confidence': 1.0,
        'coordinates': np.asarray(coordinates, float),
        'velocities': np.zeros(count),
        'stddev': np.zeros(count),
        'scales': np.ones((segments, 3)),
        'scale_stddev': np.zeros(segments),
        'segment_rotations': np.tile(np.eye(3), (segments, 1, 1)),
        'segment_positions_m': np.zeros((segments, 3)),
        'markers': NO_MARKERS,
        'stature_m': 1.7,
        'stature_stddev_m': 0.0,
        'box_xyxy_px': np.zeros(4),
        'keypoints_px': np.zeros((33, 2)),
        'keypoint_confidence': np.zeros(33),
    }
    return PersonPose(**(fields | changes))
