"""Who has earned files: seen for long enough, from the first sighting on."""

from hypothesis import given
from hypothesis import strategies as st
from person_poses import person_pose

from biopose_ros.person.earning import EarnedPersons
from biopose_ros.person.recording import RecordedImage
from biopose_ros.records import TrackingState

REAL, MIRAGE = 1, 2


def through(shortest_s, frames):
    earned, images = EarnedPersons(shortest_s), []
    for time_s, ids in frames:
        images += earned.push(RecordedImage(time_s, [person_pose(track_id=id_) for id_ in ids]))
    images += earned.flush()
    return [(image.time_s, [pose.track_id for pose in image.poses]) for image in images]


def test_a_mirage_gets_nothing_and_who_stays_is_there_from_the_start():
    frames = [(n / 10, [REAL, MIRAGE] if n in (3, 4) else [REAL]) for n in range(12)]
    assert through(0.5, frames) == [(time_s, [REAL]) for time_s, _ in frames]


def test_a_glimpse_long_before_is_left_out():
    frames = [(n / 10, [] if 2 <= n < 6 else [1]) for n in range(12)]
    assert through(0.4, frames) == [(t, names if t > 0.5 else []) for t, names in frames]


def test_predicted_images_earn_nothing():
    earned = EarnedPersons(0.3)
    out = []
    for n in range(8):
        state = TrackingState.TRACKED if n < 2 else TrackingState.OCCLUDED
        out += earned.push(RecordedImage(n / 10, [person_pose(state=state)]))
    assert all(not image.poses for image in [*out, *earned.flush()])


@given(
    st.lists(st.sets(st.sampled_from([1, 2, 3])), max_size=20),
    st.sampled_from([0.0, 0.1, 0.25, 5.0]),
)
def test_no_image_is_lost_and_none_changes_its_place(people, shortest_s):
    frames = [(n / 10, sorted(names)) for n, names in enumerate(people)]
    out = through(shortest_s, frames)
    assert [time_s for time_s, _ in out] == [time_s for time_s, _ in frames]
    if shortest_s == 0.0:
        assert out == frames
