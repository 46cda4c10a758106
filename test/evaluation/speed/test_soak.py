"""A node that sees bright rectangles, soaked for a moment."""

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from biopose_ros.evaluation.speed.live import LiveBenchmarkError
from biopose_ros.evaluation.speed.soak import ros_arguments, soak
from biopose_ros.evaluation.speed.soak_script import BROKEN, ROUND_IMAGES, STALL_EVERY, SoakScript
from biopose_ros.ros.dds_profile import large_image_environment
from biopose_ros.ros.stamps import to_ns

SPOT_NODE = Path(__file__).parents[2] / 'ros' / 'spot_node.py'


@pytest.fixture(scope='module')
def cells():
    """A bright rectangle that moves a little, on dark ground."""
    pictures = []
    for shift in range(6):
        picture = np.full((720, 640, 3), 20, np.uint8)
        picture[100:600, 250 + 4 * shift : 350 + 4 * shift] = 220
        pictures.append(picture)
    return pictures


def test_stamps_grow_and_broken_images_repeat_the_last(cells):
    script = SoakScript(cells, 1000)
    last_ns, stalls = 0, 0
    for steps in islice(script.rounds(), STALL_EVERY + 1):
        steps = list(steps)
        assert len(steps) == ROUND_IMAGES + 1
        for step in steps:
            stamps = {to_ns(message.header.stamp) for message in step.messages}
            if step.is_broken:
                assert len(step.messages) == len(BROKEN)
                assert stamps == {last_ns}
            else:
                (stamp_ns,) = stamps
                assert stamp_ns > last_ns
                last_ns = stamp_ns
            stalls += step.stall_s > 0
    assert stalls == 2


def test_people_come_and_go(cells):
    steps = list(next(SoakScript(cells, 0).rounds()))
    crowds = [step.visible for step in steps if not step.is_broken]
    assert {(), (0,), (0, 1)} == set(crowds)
    assert crowds[0] == crowds[-1] == ()


def test_a_sound_node_passes(cells, tmp_path):
    """In a process of its own: large images need a DDS profile before rclpy is first used."""
    np.save(tmp_path / 'cells.npy', np.stack(cells))
    code = (
        'import json, sys, numpy as np\n'
        'from biopose_ros.evaluation.speed.soak import soak\n'
        'result = soak(list(np.load(sys.argv[1])), 0.05, sys.argv[2:])\n'
        'print(json.dumps(result.figures()))\n'
    )
    command = [sys.executable, str(SPOT_NODE), *ros_arguments()]
    output = subprocess.check_output(
        [sys.executable, '-c', code, str(tmp_path / 'cells.npy'), *command],
        env={**os.environ, **large_image_environment()},
        text=True,
        timeout=240,
    )
    figures = json.loads(output.splitlines()[-1])
    assert figures['images'] % ROUND_IMAGES == 0
    assert figures['factor'] == pytest.approx(figures['stamped_s'] / figures['wall_s'])
    # In a moment, memory and delays show the machine's load rather than the node.
    checks = [i for i in figures['checks'] if not i['name'].startswith(('memory', 'queues'))]
    assert len(checks) == 5
    assert not [item for item in checks if not item['is_met']]


def test_a_node_that_does_not_start_shows_its_log(cells):
    with pytest.raises(LiveBenchmarkError, match='no spots today'):
        soak(cells, 0.05, [sys.executable, '-c', 'raise SystemExit("no spots today")'])
