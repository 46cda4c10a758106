import numpy as np
import pytest

from biopose_ros.person.foot_contact import FootContactTracker

FRAME_S = 1 / 30
# Heel and ball of the left and right foot, standing still.
STANDING_M = np.array(
    [[[0.0, 0.02, 0.1], [0.2, 0.02, 0.1]], [[0.0, 0.02, -0.1], [0.2, 0.02, -0.1]]]
)


def follow(points_m, times_s=None):
    """Run over [frames, 2, 2, 3]."""
    tracker = FootContactTracker()
    times_s = np.arange(len(points_m)) * FRAME_S if times_s is None else times_s
    return [tracker.update(time_s, row) for time_s, row in zip(times_s, points_m, strict=True)]


def stepping(frames=120):
    """The left foot stands, the right one swings up and ahead for a while."""
    points_m = np.tile(STANDING_M, (frames, 1, 1, 1))
    swing = np.clip((np.arange(frames) - 40) / 30, 0, 1)
    points_m[:, 1, :, 0] += 0.8 * swing[:, None]
    points_m[:, 1, :, 1] += 0.15 * np.sin(np.pi * swing)[:, None]
    return points_m


def test_a_swinging_foot_does_not_stand():
    probability = np.stack([contact.probability for contact in follow(stepping())])
    assert (probability[5:, 0] > 0.9).all()
    assert (probability[5:40, 1] > 0.9).all()
    assert (probability[48:63, 1] < 0.25).all()
    assert (probability[80:, 1] > 0.9).all()


def test_a_jump_has_no_contact():
    points_m = np.tile(STANDING_M, (60, 1, 1, 1))
    points_m[30:45, ..., 1] += 0.3 * np.sin(np.pi * np.arange(15) / 15)[:, None, None]
    probability = np.stack([contact.probability for contact in follow(points_m)])
    assert (probability[34:41] < 0.1).all()


def test_standing_feet_do_not_skate():
    random = np.random.default_rng(0)
    points_m = stepping()
    noise = 0.01 * random.normal(size=(len(points_m), 1, 1, 3))
    seen_m = points_m + noise
    shifts_m = np.stack([contact.shift_m for contact in follow(seen_m)])
    after_m = seen_m + shifts_m[:, None, None]
    before, after = (
        np.linalg.norm(np.diff(p[5:, 0], axis=0), axis=-1).mean() for p in (seen_m, after_m)
    )
    assert after < 0.1 * before


def test_without_errors_nothing_is_shifted():
    shifts_m = np.stack([contact.shift_m for contact in follow(stepping())])
    assert np.abs(shifts_m).max() < 0.03  # seen one image later than it happens


def test_the_shift_is_bounded_and_gives_way():
    """Somebody who is carried off, feet still on the ground they see: the estimate wins."""
    points_m = np.tile(STANDING_M, (300, 1, 1, 1))
    points_m[:, ..., 0] += np.clip((np.arange(300) - 60) * FRAME_S, 0, 1)[:, None, None] * 0.2
    shifts_m = np.stack([contact.shift_m for contact in follow(points_m)])
    assert np.linalg.norm(shifts_m, axis=1).max() <= 0.08 + 1e-9
    assert np.linalg.norm(shifts_m[-1]) < 0.01


def test_feet_that_contradict_each_other_hold_nobody():
    points_m = np.tile(STANDING_M, (60, 1, 1, 1))
    points_m[30:, 0, :, 0] += 0.1
    points_m[30:, 1, :, 0] -= 0.1
    shifts_m = np.stack([contact.shift_m for contact in follow(points_m)])
    assert np.abs(shifts_m).max() < 0.03


def test_a_shift_fades_once_the_feet_are_lifted():
    random = np.random.default_rng(1)
    points_m = np.tile(STANDING_M, (90, 1, 1, 1))
    points_m[30:60, ..., 2] += 0.03
    points_m[60:, ..., 1] += 0.5
    points_m += 0.001 * random.normal(size=points_m.shape)
    shifts_m = np.stack([contact.shift_m for contact in follow(points_m)])
    assert np.linalg.norm(shifts_m[31]) > 0.02
    assert np.linalg.norm(shifts_m[80]) < 0.003
    assert np.linalg.norm(np.diff(shifts_m[59:], axis=0), axis=1).max() < 0.01


def test_nothing_is_known_at_first_and_while_hidden():
    tracker = FootContactTracker()
    assert np.isnan(tracker.update(0.0, STANDING_M).probability).all()
    assert np.isfinite(tracker.update(FRAME_S, STANDING_M).probability).all()
    hidden = tracker.update(2 * FRAME_S, None)
    assert np.isnan(hidden.probability).all()
    assert np.isfinite(hidden.shift_m).all()
    unknown = STANDING_M.copy()
    unknown[0, 0, 1] = np.nan
    assert np.isnan(tracker.update(3 * FRAME_S, unknown).probability).all()
    assert (tracker.update(4 * FRAME_S, STANDING_M).probability > 0.9).all()


@pytest.mark.parametrize('stamp_s', [-1.0, 5.0])
def test_a_pause_or_a_step_back_starts_afresh(stamp_s):
    tracker = FootContactTracker()
    for frame in range(10):
        tracker.update(frame * FRAME_S, STANDING_M + [0.0, 0.0, 0.001 * frame])
    moved = tracker.update(stamp_s, STANDING_M + [1.0, 0.0, 0.0])
    assert np.isnan(moved.probability).all()
    np.testing.assert_array_equal(moved.shift_m, 0.0)


@pytest.mark.parametrize('rate_hz', [10, 60])
def test_other_frame_rates_see_the_same_steps(rate_hz):
    step = round(30 / rate_hz * 4) / 4
    frames = np.arange(0, 120 - 1, step)
    coarse = stepping()
    low = frames.astype(int)
    mix = (frames - low)[:, None, None, None]
    points_m = coarse[low] * (1 - mix) + coarse[low + 1] * mix
    probability = np.stack([c.probability for c in follow(points_m, frames * FRAME_S)])
    flying = (frames > 48) & (frames < 62)
    assert (probability[flying, 1] < 0.3).all()
    assert (probability[frames > 85] > 0.8).all()
