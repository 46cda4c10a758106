import threading
import time

import pytest

from biopose_ros.inference.stage_clock import KEPT_IMAGES, StageClock


def test_a_stage_is_added_up_within_an_image_and_spread_over_images():
    clock = StageClock()
    for _ in range(2):
        for _ in range(3):
            with clock('detection'):
                time.sleep(0.01)
        clock.end_image()
    times = clock.times()['detection']
    assert 30 <= times.p50_ms <= times.p95_ms < 200


def test_stages_keep_their_order_and_count_where_they_ran():
    clock = StageClock()
    with clock('detection'):
        pass
    clock.end_image()
    with clock('detection'):
        pass
    with clock('refinement'):
        time.sleep(0.02)
    clock.end_image()
    assert list(clock.times()) == ['detection', 'refinement']
    assert clock.times()['refinement'].p50_ms >= 20


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
    seen = []
    stop = threading.Event()

    def read():
        while not stop.is_set():
            seen.append(clock.times())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3 * KEPT_IMAGES):
        with clock('detection'):
            pass
        clock.end_image()
    stop.set()
    reader.join()
    assert len(clock._images_s) == KEPT_IMAGES
    assert seen


def test_costs_nothing_noticeable():
    clock = StageClock()
    began = time.perf_counter()
    for _ in range(1000):
        with clock('detection'):
            pass
    assert time.perf_counter() - began < 0.1  # under 100 microseconds, on a busy machine too
