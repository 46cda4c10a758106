import os
import signal
import subprocess
import sys
import time

PARENT = """
import os, time
from multiprocessing import get_context
from biopose_ros.training.orphans import is_orphan

def work():
    print(os.getpid(), flush=True)
    while not is_orphan():
        time.sleep(0.05)

if __name__ == '__main__':
    process = get_context('spawn').Process(target=work)
    process.start()
    process.join()
"""


def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    script = tmp_path / 'parent.py'
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        os.kill(worker, 0)  # it runs
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until = time.monotonic() + 60
        while _runs(worker):
            assert time.monotonic() < until, f'process {worker} runs on'
            time.sleep(0.05)


def _runs(process):
    try:
        with open(f'/proc/{process}/stat') as stat:
            return stat.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except FileNotFoundError:
        return False
