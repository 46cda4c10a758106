"""Robots, mannequins and pictures of people: drawn in the place of persons, and counted."""

from types import SimpleNamespace

import numpy as np
import pytest
from clips import REAL

from biopose_ros.detection.appearance import Appearance
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.evaluation.detection.lookalikes import KINDS, drawn_lookalikes, hang_picture
from biopose_ros.evaluation.detection.rejection import FRAMES, doubted_persons, started_persons
from biopose_ros.records import TrackingState
from biopose_ros.settings import DetectionConfig
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator


@pytest.fixture(scope='module')
def pictures():
    generator = build_generator(SynthesisConfig('test', 0, synthetic_clips=4))
    return next(iter(drawn_lookalikes(generator, 1, 0)))


def test_each_kind_stands_in_the_same_scene(pictures):
    assert tuple(pictures) == KINDS
    person = pictures['person']
    assert max(person.shape[:2]) == 960
    for kind in KINDS[1:]:
        assert pictures[kind].shape == person.shape
        differs = np.abs(pictures[kind].astype(int) - person).max(axis=-1) > 30
        assert 0 < differs.mean() < 0.9, kind


def test_a_picture_hangs_before_the_room_and_leaves_the_rest():
    room, portrait = np.zeros((200, 300, 3), np.uint8), np.full((100, 100, 3), 255, np.uint8)
    hung = hang_picture(np.random.default_rng(0), room, portrait)
    assert hung.shape == room.shape
    assert 0.05 < (hung.min(axis=-1) == 255).mean() < 0.9
    assert (hung.max(axis=-1) == 0).any()


class Scripted:
    """A pipeline that is as sure of a picture as its first pixel says; 0 stands for nobody."""

    config = SimpleNamespace(detection=DetectionConfig(start_confidence=0.2))

    def reset(self):
        self.shown = 0

    def process(self, picture, camera, stamp_ns):
        self.shown += 1
        confidence = picture[0, 0, 0] / 100
        if self.shown < FRAMES or not confidence:
            return []
        lost = SimpleNamespace(state=TrackingState.LOST, confidence=0.9)
        return [SimpleNamespace(state=TrackingState.TRACKED, confidence=confidence), lost]


def test_a_man_of_whom_nothing_was_learnt_is_never_doubted(imported):
    video = REAL / 'sit_to_stand' / 'cam0_test.mp4'
    if not video.exists():
        pytest.skip('needs the real clip')
    tracker = PersonTracker(DetectionConfig(threads=1, model='full'), 'cpu', with_maps=True)
    found = doubted_persons(tracker, video, step=12)
    assert found['seen'] >= 5
    assert found['doubted'] == 0.0
    assert found['person_odds'] > 1.0
    tracker.appearance = Appearance(0.0 * tracker.appearance.weights, -1.0)
    found = doubted_persons(tracker, video, step=12)
    assert found['doubted'] == 1.0
    assert found['person_odds'] == pytest.approx(np.exp(-1.0))


def test_shares_of_images_in_which_somebody_is_started():
    def scene(*values):
        pictures = [np.full((4, 6, 3), value, np.uint8) for value in values]
        return dict(zip(KINDS, pictures, strict=True))

    found = started_persons(Scripted(), [scene(60, 30, 30, 10, 0), scene(40, 0, 30, 10, 0)])
    assert [found[kind]['started'] for kind in KINDS] == [1.0, 0.5, 1.0, 0.0, 0.0]
    assert [found[kind]['published'] for kind in KINDS] == [1.0, 0.5, 1.0, 1.0, 0.0]
    assert found['person']['confidence'] == pytest.approx(0.5)
    assert found['person']['images'] == 2
