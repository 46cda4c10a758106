"""The largest sure sighting of everybody who has files."""

import cv2
import numpy as np
from person_poses import person_pose

from biopose_ros.files.thumbnails import FILE, Thumbnails
from biopose_ros.records import TrackingState


def seen(box, confidence=0.9, state=TrackingState.TRACKED):
    return person_pose(confidence=confidence, state=state, box_xyxy_px=np.array(box, float))


def test_the_best_sighting_is_kept(tmp_path):
    grey, red = np.full((200, 300, 3), 90, np.uint8), np.zeros((200, 300, 3), np.uint8)
    red[..., 2] = 220
    thumbnails = Thumbnails()
    thumbnails.see(grey, [seen([10, 10, 40, 90])])
    thumbnails.see(red, [seen([10, 10, 110, 190])])
    thumbnails.see(grey, [seen([0, 0, 300, 200], state=TrackingState.OCCLUDED)])
    thumbnails.see(grey, [seen([10, 10, 115, 190], confidence=0.2)])
    thumbnails.write(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / 'person_1').mkdir()
    thumbnails.write(tmp_path)
    picture = cv2.imread(str(tmp_path / 'person_1' / FILE))
    assert picture.shape == (240, 133, 3)
    assert picture[..., 2].mean() > 150 > picture[..., 0].mean()


def test_a_box_without_area_is_no_picture(tmp_path):
    thumbnails = Thumbnails()
    thumbnails.see(np.zeros((50, 50, 3), np.uint8), [seen([10, 10, 10, 40])])
    (tmp_path / 'person_1').mkdir()
    thumbnails.write(tmp_path)
    assert not list((tmp_path / 'person_1').iterdir())
