import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.keypoints import (
    FORMATS,
    DetectedKeypoints,
    assign_to_persons,
    take_foreign_keypoints,
)
from biopose_ros.keypoints.association import with_foreign_keypoints
from biopose_ros.keypoints.formats import POINTS
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import Crop, PersonCrop, TrackingState


def person(track_id, middle_px, size_px, state=TrackingState.TRACKED):
    """Somebody whose landmarks are scattered over a box, each at its own place."""
    scatter = np.random.default_rng(0).uniform(-0.5, 0.5, (len(LANDMARK_NAMES), 2))
    keypoints_px = middle_px + size_px * scatter * [0.4, 1.0]
    low, high = keypoints_px.min(axis=0), keypoints_px.max(axis=0)
    return PersonCrop(
        track_id=track_id,
        state=state,
        box_xyxy_px=np.concatenate([low, high]),
        confidence=1.0,
        keypoints_px=keypoints_px,
        keypoint_confidence=np.ones(len(LANDMARK_NAMES)),
        landmarks_m=np.zeros((len(LANDMARK_NAMES), 3)),
        crop=Crop(np.asarray(middle_px, dtype=float), 1.25 * size_px, 0.0),
    )


def detected(crops, format_name='COCO-17', noise_px=0.0):
    """See the same persons with another detector."""
    names = FORMATS[format_name]
    rng = np.random.default_rng(1)
    px = np.full((len(crops), len(names), 2), np.nan)
    confidence = np.zeros((len(crops), len(names)))
    for row, crop in enumerate(crops):
        for column, name in enumerate(names):
            if POINTS[name].landmark:
                place = crop.keypoints_px[LANDMARK_NAMES.index(POINTS[name].landmark)]
                px[row, column] = place + noise_px * rng.standard_normal(2)
                confidence[row, column] = 0.9
    return DetectedKeypoints(names, px, confidence, 0)


@settings(max_examples=50)
@given(
    st.sampled_from(sorted(FORMATS)),
    st.permutations([0, 1, 2, 3]),
    st.floats(0, 10),
    st.floats(100, 600),
)
def test_everybody_gets_the_own_keypoints_in_any_order(format_name, order, noise_px, size_px):
    crops = [person(9 + i, np.array([800.0 * i, 300.0]), size_px) for i in range(4)]
    found = assign_to_persons(detected([crops[i] for i in order], format_name, noise_px), crops)
    assert set(found) == {crop.track_id for crop in crops}
    for crop in crops:
        merged = with_foreign_keypoints(crop, found[crop.track_id])
        assert np.abs(merged.keypoints_px - crop.keypoints_px).max() <= 6 * noise_px


def test_strangers_hidden_persons_and_the_unseen_get_none():
    near, hidden = (
        person(1, np.array([300.0, 300.0]), 400),
        person(2, np.array([900.0, 300.0]), 400, TrackingState.OCCLUDED),
    )
    far = person(3, np.array([3000.0, 300.0]), 400)
    assert assign_to_persons(detected([far, hidden]), [near, hidden]) == {}
    nobody = detected([])
    assert assign_to_persons(nobody, [near]) == {}
    assert assign_to_persons(detected([near]), []) == {}


def test_one_set_of_keypoints_goes_to_one_person():
    first, second = (person(i, np.array([300.0 + 20 * i, 300.0]), 400) for i in (1, 2))
    assert set(assign_to_persons(detected([second]), [first, second])) == {2}


def test_too_few_points_match_nobody():
    crop = person(1, np.array([300.0, 300.0]), 400)
    keypoints = detected([crop])
    keypoints.confidence[:, 3:] = 0.0
    assert assign_to_persons(keypoints, [crop]) == {}


def test_unknown_points_leave_ours_in_place():
    crop = person(1, np.array([300.0, 300.0]), 400)
    keypoints = detected([crop])
    keypoints.keypoints_px[:] += 7.0
    nose, knee = (keypoints.names.index(name) for name in ('nose', 'left_knee'))
    keypoints.confidence[0, nose] = 0.0
    merged = with_foreign_keypoints(crop, keypoints)
    moved = merged.keypoints_px - crop.keypoints_px
    assert moved[LANDMARK_NAMES.index('nose')] == pytest.approx([0, 0])
    assert moved[LANDMARK_NAMES.index('left_knee')] == pytest.approx([7, 7])
    sure = merged.keypoint_confidence[LANDMARK_NAMES.index('left_knee')]
    assert sure == keypoints.confidence[0, knee]
    assert moved[LANDMARK_NAMES.index('left_thumb')] == pytest.approx([0, 0])


def test_whom_the_other_detector_missed_keeps_ours():
    first, second = (person(i, np.array([800.0 * i, 300.0]), 400) for i in (1, 2))
    keypoints = detected([second])
    keypoints.keypoints_px[:] += 3.0
    same, moved = take_foreign_keypoints([first, second], keypoints)
    assert same is first
    knee = LANDMARK_NAMES.index('left_knee')
    assert moved.keypoints_px[knee] == pytest.approx(second.keypoints_px[knee] + 3.0)
