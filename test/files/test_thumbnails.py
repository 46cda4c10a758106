"""The largest sure sighting of everybody who has files."""

import cv2
import numpy as np

from biopose_ros.files.thumbnails import FILE, Thumbnails
from biopose_ros.records import TrackingState


class Seen:
    """What a thumbnail is cut by."""

    def __init__(self, box, confidence=0.9, state=TrackingState.TRACKED):
        self.person_id, self.confidence, self.state = 'person_1', confidence, state
        self.box_xyxy_px = np.array(box, float)


def test_the_best_sighting_is_kept(tmp_path):
    grey, red = np.full((200, 300, 3), 90, np.uint8), np.zeros((200, 300, 3), np.uint8)
    red[..., 2] = 220
    thumbnails = Thumbnails()
    thumbnails.see(grey, [Seen([10, 10, 40, 90])])
    thumbnails.see(red, [Seen([10, 10, 110, 190])])
    thumbnails.see(grey, [Seen([0, 0, 300, 200], state=TrackingState.OCCLUDED)])
    thumbnails.see(grey, [Seen([10, 10, 115, 190], confidence=0.2)])
    thumbnails.write(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / 'person_1').mkdir()
    thumbnails.write(tmp_path)
    picture = cv2.imread(str(tmp_path / 'person_1' / FILE))
    assert picture.shape == (240, 133, 3)
    assert picture[..., 2].mean() > 150 > picture[..., 0].mean()


def test_a_box_without_area_is_no_picture(tmp_path):
    thumbnails = Thumbnails()
    thumbnails.see(np.zeros((50, 50, 3), np.uint8), [Seen([10, 10, 10, 40])])
    (tmp_path / 'person_1').mkdir()
    thumbnails.write(tmp_path)
    assert not list((tmp_path / 'person_1').iterdir())
