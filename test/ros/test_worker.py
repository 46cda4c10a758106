import threading
import time

from biopose_ros.ros.worker import InferenceWorker, LatestSlot


def test_slot_keeps_the_newest_and_counts_the_rest():
    slot = LatestSlot()
    for item in (1, 2, 3):
        slot.put(item)
    assert (slot.take(0.0), slot.dropped) == (3, 2)
    assert slot.take(0.0) is None


def wait_until(condition, timeout_s=60.0):
    end_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.005)
    assert condition()


def test_tasks_run_in_the_worker_before_the_next_item():
    log = []
    worker = InferenceWorker(log.append, lambda _: None)
    worker.post(lambda: log.append(threading.current_thread().name))
    worker.slot.put('image')
    worker.start()
    wait_until(lambda: len(log) == 2)
    worker.stop()
    assert log == ['inference', 'image']


def test_stop_waits_for_the_item_in_hand():
    done, may_end = [], threading.Event()

    def handle(item):
        may_end.wait()
        done.append(item)

    worker = InferenceWorker(handle, lambda _: None)
    worker.start()
    worker.slot.put(1)
    wait_until(lambda: not worker.slot.waiting)
    worker.slot.put(2)
    stop = threading.Thread(target=worker.stop)
    stop.start()
    stop.join(timeout=0.1)
    assert stop.is_alive()
    assert done == []
    may_end.set()
    stop.join()
    assert done == [1]
