import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.training.synthesis.hidden_faces import choose_face_blocks, pixelate_faces

PROJECTION = np.array([[500.0, 0.0, 128.0], [0.0, 500.0, 128.0], [0.0, 0.0, 1.0]])
HEAD, NECK = JOINT_NAMES.index('head'), JOINT_NAMES.index('neck')


def person(x_m, depth_m):
    joints_m = np.zeros((24, 3))
    joints_m[:, 2] = depth_m
    joints_m[NECK], joints_m[HEAD] = [x_m, 0.1, depth_m], [x_m, 0.0, depth_m]
    return joints_m


def test_now_and_then_and_always_alike_for_the_same_seed():
    chosen = [choose_face_blocks(np.random.default_rng(seed)) for seed in range(2000)]
    again = [choose_face_blocks(np.random.default_rng(seed)) for seed in range(2000)]
    assert chosen == again
    assert 0.03 < np.mean(np.array(chosen) > 0) < 0.07
    assert set(chosen) == {0, *range(3, 9)}


def test_the_face_alone_becomes_blocks():
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    before = image.copy()
    pixelate_faces(image, [person(0.0, 2.0)], PROJECTION, 4)
    rows, columns = np.nonzero((image != before).any(-1))
    # 0.26 m at 2 m are 65 pixels, about a point 0.07 m above the head's joint.
    assert abs(int(columns.min()) - (128 - 32)) <= 2
    assert abs(int(columns.max()) - (128 + 32)) <= 2
    assert abs(int(rows.mean()) - (128 - 17)) <= 3
    face = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert len(np.unique(face.reshape(-1, 3), axis=0)) == 16


def test_faces_at_the_edge_behind_the_camera_and_far_away_do_no_harm():
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    before = image.copy()
    pixelate_faces(image, [person(9.0, 2.0), person(0.0, -1.0), person(0.0, 90.0)], PROJECTION, 8)
    np.testing.assert_array_equal(image, before)
    pixelate_faces(image, [person(0.5, 2.0)], PROJECTION, 4)
    assert (image[:, 250:] != before[:, 250:]).any()
