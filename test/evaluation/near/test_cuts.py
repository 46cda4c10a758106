"""Cut, turned and zoomed pictures show every point where their camera says."""

import numpy as np
import pytest

from biopose_ros.evaluation.near.cuts import APPROACH_FRAMES, NEAREST_ZOOM, Cut, cuts_of
from biopose_ros.frames import project
from biopose_ros.records import Camera

CAMERA = Camera(400, 300, np.array([[350.0, 0, 190], [0, 350.0, 160], [0, 0, 1]]), np.zeros(0))
POINT_M = np.array([0.1, -0.05, 2.5])
CUTS = [
    Cut('whole'),
    Cut('lower', top=100),
    Cut('corner', left=50, top=40, right=330, bottom=250),
    Cut('turned 90', quarter_turns=1),
    Cut('turned 180', quarter_turns=2),
    Cut('approach', approaches=True),
]


@pytest.mark.parametrize('cut', CUTS, ids=lambda cut: cut.name)
@pytest.mark.parametrize('frame', [0, 30, 200])
def test_a_point_is_seen_where_the_camera_says_and_found_again(cut, frame):
    image = np.zeros((300, 400, 3), np.uint8)
    original_px = project(POINT_M, CAMERA)
    column, row = original_px.astype(int)
    image[row - 1 : row + 2, column - 1 : column + 2] = 255
    picture, camera = cut.picture(image, CAMERA, frame), cut.camera(CAMERA)
    assert picture.shape[:2] == (camera.height_px, camera.width_px)
    nearer_m = cut.rotation() @ POINT_M * [1, 1, 1 / cut.zoom(frame)]
    seen_px = project(nearer_m, camera)
    assert picture[int(seen_px[1]), int(seen_px[0])].max() > 100
    np.testing.assert_allclose(
        cut.original_px(seen_px[None], CAMERA, frame)[0], original_px, atol=1e-6
    )


def test_the_approach_ends_at_its_nearest():
    cut = Cut('approach', approaches=True)
    assert cut.zoom(0) == 1.0
    assert cut.zoom(APPROACH_FRAMES - 1) == cut.zoom(10 * APPROACH_FRAMES) == NEAREST_ZOOM


def test_cuts_lie_where_the_body_says():
    rows = {'shoulder': 100.0, 'hip': 200.0, 'knee': 300.0}
    points = {
        f'{side}_{name}': np.array([[150.0 + 20 * (side == 'left'), row], [np.nan, np.nan]])
        for name, row in rows.items()
        for side in ('left', 'right')
    }
    cuts = {cut.name: cut for cut in cuts_of(points)}
    assert cuts['thighs up'].bottom == 250
    assert cuts['waist up'].bottom == 200
    assert cuts['chest up'].bottom == 150
    assert cuts['legs'].top == 200
    assert cuts['one side'].right == 160
