import threading

import numpy as np
import pytest

from biopose_ros.inference.stage_clock import KEPT_IMAGES, StageClock


@pytest.fixture
def advance(monkeypatch):
    """Stop the clock that stages are timed by; calling this moves it on, in seconds."""
    now_s = [0.0]
    monkeypatch.setattr('time.perf_counter', lambda: now_s[0])

    def move(seconds):
        now_s[0] += seconds

    return move


def test_a_stage_is_added_up_within_an_image_and_spread_over_images(advance):
    clock = StageClock()
    images_s = [(0.25, 0.5), (0.5, 0.5, 0.5)]
    for image_s in images_s:
        for seconds in image_s:
            with clock('detection'):
                advance(seconds)
        clock.end_image()
        advance(9.0)  # between images
    times = clock.times()['detection']
    expected_ms = np.percentile([750, 1500], [50, 95, 99])
    assert (times.p50_ms, times.p95_ms, times.p99_ms) == pytest.approx(tuple(expected_ms))


def test_stages_keep_their_order_and_count_where_they_ran(advance):
    clock = StageClock()
    with clock('detection'):
        pass
    clock.end_image()
    with clock('detection'):
        pass
    with clock('refinement'):
        advance(0.5)
    clock.end_image()
    assert list(clock.times()) == ['detection', 'refinement']
    assert clock.times()['refinement'].p50_ms == 500


def test_a_stage_that_fails_is_counted():
    clock = StageClock()
    with pytest.raises(ValueError), clock('detection'):
        raise ValueError
    clock.end_image()
    assert 'detection' in clock.times()


def test_only_ended_images_show_and_clear_forgets_them():
    clock = StageClock()
    with clock('detection'):
        pass
    assert clock.times() == {}
    clock.end_image()
    clock.clear()
    assert clock.times() == {}


def test_memory_is_bounded_and_another_thread_may_read():
    clock = StageClock()

    def work():
        for _ in range(3 * KEPT_IMAGES):
            with clock('detection'):
                pass
            clock.end_image()

    worker = threading.Thread(target=work)
    worker.start()
    while worker.is_alive():
        clock.times()
    worker.join()
    assert len(clock._images_s) == KEPT_IMAGES
