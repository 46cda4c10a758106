import numpy as np

from biopose_ros.keypoints import DetectedKeypoints, foreign_to_body


def test_points_become_markers_and_means_are_left_out():
    detected = DetectedKeypoints(
        ('neck', 'left_knee', 'left_big_toe'),
        np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]),
        np.array([[0.9, 0.8, 0.7]]),
        5,
    )
    body = foreign_to_body(detected)
    assert body.markers == ('bp_left_knee', 'L_toe_tip1')
    np.testing.assert_array_equal(body.px, [[[3, 4], [5, 6]]])
    np.testing.assert_array_equal(body.confidence, [[0.8, 0.7]])


def test_nobody_gives_no_rows():
    detected = DetectedKeypoints(('nose',), np.zeros((0, 1, 2)), np.zeros((0, 1)), 0)
    assert foreign_to_body(detected).px.shape == (0, 1, 2)
