import numpy as np
import pytest

from biopose_ros.detection.person_detector import PersonDetector, make_anchors, merge_overlapping


def boxes(*corners):
    """Boxes with hips in the middle and the top of the circle above."""
    points = []
    for left, top, right, bottom in corners:
        middle = [(left + right) / 2, (top + bottom) / 2]
        points.append([[left, top], [right, bottom], middle, [middle[0], top], middle, middle])
    return np.array(points, dtype=float)


def test_anchors_match_the_outputs_of_the_network():
    anchors = make_anchors()
    assert anchors.shape == (2254, 2)
    np.testing.assert_allclose(anchors[0], 0.5 / 28)
    np.testing.assert_allclose(anchors[2], [1.5 / 28, 0.5 / 28])
    np.testing.assert_allclose(anchors[-1], 1 - 0.5 / 7)


def test_boxes_of_one_person_become_their_weighted_mean():
    points = boxes((0, 0, 100, 100), (10, 0, 110, 100), (500, 500, 600, 600))
    first, second = merge_overlapping(points, np.array([0.9, 0.3, 0.6]))
    np.testing.assert_allclose(first.face_xyxy_px, [2.5, 0, 102.5, 100])
    assert (first.score, second.score) == (0.9, 0.6)
    np.testing.assert_allclose(second.crop.center_px, [550, 550])


def test_a_box_without_area_ends_the_merging():
    assert len(merge_overlapping(boxes((5, 5, 5, 5), (5, 5, 5, 5)), np.array([0.9, 0.8]))) == 2


def test_no_box_is_no_person():
    assert merge_overlapping(np.zeros((0, 6, 2)), np.zeros(0)) == []


@pytest.mark.parametrize('shape', [(1, 1, 3), (3, 2000, 3), (2000, 3, 3), (720, 1280, 3)])
def test_images_of_any_shape_run(imported, shape):
    detector = PersonDetector('cpu', threads=1)
    assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_a_person_is_found_where_he_stands(imported, balancing):
    found = PersonDetector('cpu', threads=1).detect(balancing[0])
    # The middle of the hips, read off the picture, to a fifth of the circle around the person.
    distance_px = np.linalg.norm(found[0].crop.center_px - [218, 380])
    assert distance_px < 0.2 * found[0].crop.size_px / 2.5
    assert abs(found[0].crop.angle_rad) < 0.3
