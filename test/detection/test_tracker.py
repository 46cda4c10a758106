from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.detection.tracks import body_colours
from biopose_ros.inference.onnx_runtime import NetworkFileError
from biopose_ros.records import TrackingState
from biopose_ros.settings import DetectionConfig

FRAME_NS = 33_333_333


@pytest.fixture(scope='module')
def shared_tracker(imported):
    return PersonTracker(DetectionConfig(threads=1, max_persons=3), 'cpu')


@pytest.fixture
def tracker(shared_tracker):
    shared_tracker.reset()
    return shared_tracker


def follow(tracker, frames, start_ns=0):
    return [tracker.update(frame, start_ns + i * FRAME_NS) for i, frame in enumerate(frames)]


def person_at(people, x, y):
    """The person whose hips are near a place."""
    for person in people:
        hips = person.keypoints_px[[23, 24]].mean(axis=0)
        if np.linalg.norm(hips - [x, y]) < 60:
            return person
    return None


def test_a_real_person_keeps_one_id_and_is_confirmed(tracker, balancing):
    people = [person_at(frame, 225, 390) for frame in follow(tracker, balancing[:15])]
    assert None not in people
    assert len({person.track_id for person in people}) == 1
    states = [person.state for person in people]
    assert states[:2] == [TrackingState.TENTATIVE] * 2
    assert set(states[2:]) == {TrackingState.TRACKED}
    last = people[-1]
    assert last.keypoints_px.shape == (33, 2)
    assert last.landmarks_m.shape == (33, 3)
    assert 0.9 < last.confidence <= 1
    left, top, right, bottom = last.box_xyxy_px
    assert 0 <= left < right <= 540
    assert 0 <= top < bottom <= 960


def test_a_hidden_person_is_occluded_then_found_again_under_the_same_id(tracker, balancing):
    black = np.zeros_like(balancing[0])
    frames = balancing[:6] + [black] * 12 + balancing[6:14]
    people = follow(tracker, frames)
    track_id = person_at(people[5], 225, 390).track_id
    hidden = [{p.track_id: p.state for p in frame} for frame in people[6:18]]
    assert all(frame[track_id] == TrackingState.OCCLUDED for frame in hidden)
    back = person_at(people[-1], 225, 390)
    assert (back.track_id, back.state) == (track_id, TrackingState.TRACKED)


@pytest.mark.parametrize(
    ('presence', 'aside', 'state'),
    [
        (0.55, 0.0, TrackingState.TRACKED),
        (0.9, 0.9, TrackingState.TRACKED),
        (0.55, 0.9, TrackingState.OCCLUDED),
    ],
)
def test_a_doubtful_thing_takes_no_hidden_persons_place(
    tracker, balancing, monkeypatch, presence, aside, state
):
    """Equipment that the landmark network half believes in, aside of where somebody vanished."""
    black = np.zeros_like(balancing[0])
    follow(tracker, balancing[:6] + [black] * 12)
    track, stamp_ns = max(tracker.tracks, key=lambda one: one.size_px), 18 * FRAME_NS
    assert track.state == TrackingState.OCCLUDED
    crop, shift_px = track.predict(stamp_ns), np.array([aside * track.size_px, 0.0])
    sighting = replace(
        track.sighting,
        presence=presence,
        next_crop=replace(crop, center_px=crop.center_px + shift_px),
        keypoints_px=track.sighting.keypoints_px + shift_px,
    )
    track.colours = body_colours(black, sighting)
    monkeypatch.setattr(tracker, 'network', SimpleNamespace(run=lambda *_: [sighting]))
    followed = len(tracker.tracks)
    tracker._meet(black, [sighting], [1.0], [], stamp_ns)
    assert (track.state, len(tracker.tracks)) == (state, followed)


def test_a_doubtful_sighting_within_a_nearer_body_is_that_body(tracker, balancing):
    """The track of a bystander who leaves the image slides onto whoever is nearest."""
    follow(tracker, balancing[:6])
    near = max(tracker.tracks, key=lambda one: one.size_px)
    body, middle_px = near.sighting, near.sighting.keypoints_px[[11, 12, 23, 24]].mean(axis=0)
    crop = replace(body.next_crop, size_px=0.3 * near.size_px)
    small_px = middle_px + 0.3 * (body.keypoints_px - middle_px) + [0.1 * near.size_px, 0.0]
    clear = replace(body, keypoints_px=small_px, next_crop=crop)
    doubtful, doubtful_body = (replace(one, presence=0.5) for one in (clear, body))
    assert tracker._is_double(near, doubtful, [body])
    assert not tracker._is_double(near, clear, [body])  # a child before a man
    assert not tracker._is_double(near, doubtful_body, [clear])


def test_a_person_who_left_is_lost_once_and_then_gone(tracker, balancing):
    people = follow(tracker, balancing[:6] + [np.zeros_like(balancing[0])] * 40)
    track_id = person_at(people[5], 225, 390).track_id
    states = [p.state for frame in people for p in frame if p.track_id == track_id]
    assert states[-1] == TrackingState.LOST
    assert states.count(TrackingState.LOST) == 1
    assert 28 <= states.count(TrackingState.OCCLUDED) <= 31
    assert people[-1] == []


def test_pictures_of_another_size_start_afresh(tracker, balancing):
    """A stream that is adapted on the way: nobody stays behind at the old pixels."""
    before = follow(tracker, balancing[:4])
    half = [cv2.resize(frame, None, fx=0.5, fy=0.5) for frame in balancing[4:8]]
    after = follow(tracker, half, 4 * FRAME_NS)
    old = {person.track_id for frame in before for person in frame}
    new = {person.track_id for frame in after for person in frame}
    assert old
    assert new
    assert not old & new
    assert person_at(after[-1], 225 / 2, 390 / 2).state == TrackingState.TRACKED


def test_one_person_is_never_followed_twice(tracker, balancing):
    frames = follow(tracker, balancing)
    assert all(frames)
    for frame in frames:
        hips = np.array([p.keypoints_px[[23, 24]].mean(axis=0) for p in frame]).reshape(-1, 2)
        apart = np.linalg.norm(hips[:, None] - hips[None], axis=2) + 1e9 * np.eye(len(hips))
        assert apart.min(initial=1e9) > 40


def test_no_more_persons_than_wanted(imported, balancing):
    single = PersonTracker(DetectionConfig(threads=1, max_persons=1), 'cpu')
    assert {len(frame) for frame in follow(single, balancing[:12])[2:]} == {1}
    # The front person, not the photographer behind.
    assert person_at(single.update(balancing[12], 12 * FRAME_NS), 225, 390)


def test_two_persons_side_by_side_are_both_followed(tracker, meadow):
    pairs = [np.hstack([frame[:, 150:500], frame[:, 150:500][:, ::-1]]) for frame in meadow[:20]]
    people = follow(tracker, pairs)
    assert sorted({p.track_id for p in people[-1]}) == sorted({p.track_id for p in people[-6]})
    assert {p.keypoints_px[24, 0] < 350 for p in people[-1]} == {True, False}


@pytest.mark.parametrize('height_px', [100, 60, 40])
def test_a_small_person_in_a_large_image_is_found(tracker, balancing, height_px):
    scale = height_px / 410
    small = cv2.resize(balancing[0], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[300 : 300 + small.shape[0], 700 : 700 + small.shape[1]] = small
    for index in range(90):
        people = tracker.update(image, index * FRAME_NS)
        if people and people[0].state == TrackingState.TRACKED:
            break
    assert person_at(people, 700 + 218 * scale, 300 + 380 * scale)


def empty_scenes():
    rng = np.random.default_rng(7)
    shape = (360, 640, 3)
    yield np.zeros(shape, np.uint8)
    yield np.full(shape, 255, np.uint8)
    yield rng.integers(0, 256, shape, dtype=np.uint8)
    x, y = np.meshgrid(np.linspace(0, 1, 640), np.linspace(0, 1, 360))
    yield (np.stack([x, y, 1 - x], axis=2) * 255).astype(np.uint8)
    yield np.repeat((127 + 120 * np.sin(60 * x + 9 * y))[..., None], 3, axis=2).astype(np.uint8)
    for blur_px in (3, 12, 40):
        cloud = cv2.GaussianBlur(rng.integers(0, 256, shape).astype(np.float32), (0, 0), blur_px)
        yield cv2.normalize(cloud, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    for _ in range(4):
        scene = np.full(shape, rng.integers(0, 256, 3), np.uint8)
        for _ in range(25):
            color = rng.integers(0, 256, 3).tolist()
            left, top, width, height = (int(v) for v in rng.integers([640, 360, 300, 300]))
            if rng.random() < 0.5:
                cv2.rectangle(scene, (left, top), (left + width, top + height), color, -1)
            else:
                axes = (width // 2 + 1, height // 2 + 1)
                cv2.ellipse(scene, (left, top), axes, rng.uniform(0, 180), 0, 360, color, -1)
        yield scene


def test_empty_scenes_hold_nobody(tracker):
    for number, scene in enumerate(empty_scenes()):
        tracker.reset()
        assert all(frame == [] for frame in follow(tracker, [scene] * 6)), f'scene {number}'


def test_a_real_background_without_its_person_holds_nobody(tracker, meadow):
    background = meadow[0].copy()
    background[20:250, 270:390] = background[20:250, 400:520]
    assert all(frame == [] for frame in follow(tracker, [background] * 25))


def test_time_that_goes_back_starts_afresh_with_new_ids(tracker, balancing):
    first = follow(tracker, balancing[:4], start_ns=10**12)[-1]
    again = follow(tracker, balancing[:4])[-1]
    assert min(p.track_id for p in again) > max(p.track_id for p in first)


def test_repeated_and_irregular_stamps_are_fine(tracker, balancing):
    for frame, stamp in zip(balancing[:6], (0, 0, 1, 10**9, 10**9, 10**10), strict=True):
        people = tracker.update(frame, stamp)
    assert all(np.isfinite(p.keypoints_px).all() for p in people)


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((10, 10), np.uint8), r'\[height, width, 3\], not empty; got \(10, 10\)'),
        (np.zeros((10, 10, 4), np.uint8), r'got \(10, 10, 4\)'),
        (np.zeros((0, 10, 3), np.uint8), r'got \(0, 10, 3\)'),
        (np.zeros((10, 10, 3), np.float32), 'must be an array of uint8, got float32'),
        (None, 'must be an array of uint8, got NoneType'),
    ],
)
def test_a_wrong_image_is_named(tracker, image, message):
    with pytest.raises(ValueError, match=message):
        tracker.update(image, 0)


@pytest.mark.parametrize('shape', [(1, 1, 3), (2, 3000, 3), (4320, 7680, 3)])
def test_odd_sizes_are_searched(tracker, shape):
    image = np.zeros(shape, np.uint8)
    assert tracker.update(image, 0) == tracker.update(image, FRAME_NS) == []


def test_pictures_that_are_not_contiguous_are_fine(tracker, balancing):
    view = balancing[0][::2, ::-2]
    found = tracker.update(view, 0)
    tracker.reset()
    same = tracker.update(np.ascontiguousarray(view), 0)
    assert found
    for one, other in zip(found, same, strict=True):
        np.testing.assert_array_equal(one.keypoints_px, other.keypoints_px)


def test_missing_networks_are_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path))
    with pytest.raises(NetworkFileError, match=r'pose_landmark_full_points\.onnx is missing'):
        PersonTracker()


def test_a_person_cut_at_the_waist_is_one_person(tracker, sitting):
    """Seen a second time in a smaller crop, or again in another size, it is still the same."""
    tracker.reset()
    for index, frame in enumerate(sitting):
        people = tracker.update(frame[:400], index * 150_000_000)
        assert sum(p.state in ANNOUNCED for p in people) <= 1
    assert sum(p.state in ANNOUNCED for p in people) == 1


ANNOUNCED = (TrackingState.TRACKED, TrackingState.OCCLUDED)


def three_persons(frames):
    """The same person three times, the leftmost a fifth larger."""
    small = [cv2.copyMakeBorder(f, 192, 0, 0, 0, cv2.BORDER_REPLICATE) for f in frames]
    large = [cv2.resize(frame, None, fx=1.2, fy=1.2) for frame in frames]
    return [np.hstack([near, far, far]) for near, far in zip(large, small, strict=True)]


def test_where_many_are_followed_the_nearest_is_always_looked_at_and_others_in_turns(
    tracker, balancing, monkeypatch
):
    monkeypatch.setattr(tracker, 'config', DetectionConfig(max_persons=3, looks_per_image=2))
    people = follow(tracker, three_persons(balancing[:20]))
    track_ids = {person.track_id for person in people[-1]}
    assert len(track_ids) == 3
    largest = max(people[-1], key=lambda person: person.crop.size_px).track_id
    waited = dict.fromkeys(track_ids, 0)
    for frame in people[-10:]:
        assert {person.track_id for person in frame} == track_ids
        assert all(person.state == TrackingState.TRACKED for person in frame)
        looked_at = {person.track_id for person in frame if person.is_looked_at}
        assert largest in looked_at
        assert len(looked_at) == 2
        for track_id in track_ids:
            waited[track_id] = 0 if track_id in looked_at else waited[track_id] + 1
            assert waited[track_id] <= 1


def test_who_vanishes_while_others_have_their_turn_is_occluded_a_turn_later(
    tracker, balancing, monkeypatch
):
    monkeypatch.setattr(tracker, 'config', DetectionConfig(max_persons=3, looks_per_image=2))
    frames = three_persons(balancing[:18])
    people = follow(tracker, frames[:12])
    last = max(people[-1], key=lambda person: person.box_xyxy_px[0])
    left = int(last.box_xyxy_px[0])
    for frame in frames:
        frame[:, left:] = 0
    people = follow(tracker, frames[12:], start_ns=12 * FRAME_NS)
    found = [person for frame in people for person in frame]
    states = [person.state for person in found if person.track_id == last.track_id]
    assert states[-1] == TrackingState.OCCLUDED


def test_the_odds_are_those_of_the_mean_look(tracker, balancing, monkeypatch):
    """At first all looks weigh alike; where nothing is judged, nothing speaks against a person."""
    assert {p.person_odds for frame in follow(tracker, balancing[:4]) for p in frame} == {1.0}
    looks = [0.0, 4.0, 1.0, 1.0]
    look, shown = tracker.network.run, []

    def judged(image, crops):
        return [replace(seen, log_odds=looks[len(shown)]) for seen in look(image, crops)]

    monkeypatch.setattr(tracker.network, 'run', judged)
    tracker.reset()
    for number, frame in enumerate(balancing):
        if person := person_at(tracker.update(frame, number * FRAME_NS), 225, 390):
            shown.append(np.log(person.person_odds))
        if len(shown) == len(looks):
            break
    np.testing.assert_allclose(shown, [0.0, 2.0, 5 / 3, 1.5])
