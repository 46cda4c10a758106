import io

import numpy as np
from rich.console import Console

from biopose_ros.cli.progress import Bars, track_frames
from biopose_ros.files.frames import Frame


def test_where_no_terminal_is_lines_appear_as_the_work_goes_on():
    stream = io.StringIO()
    with Bars(console=Console(file=stream)) as bars:
        task = bars.add_task('draw', total=40)
        bars.advance(task, 3)
        assert stream.getvalue() == ''
        bars.advance(task)
        assert stream.getvalue() == 'draw: 10 %\n'
        bars.update(task, completed=20)
        assert stream.getvalue() == 'draw: 10 %\ndraw: 50 %\n'


def test_a_terminal_shows_bars_alone():
    stream = io.StringIO()
    with Bars(console=Console(file=stream, force_terminal=True)) as bars:
        bars.advance(bars.add_task('draw', total=4), 2)
    assert 'draw: 50' not in stream.getvalue()


def test_a_title_in_brackets_is_no_markup():
    stream, title = io.StringIO(), 'walk [/front].mp4'
    frames = [Frame(np.zeros((2, 2, 3), np.uint8), stamp_ns, stamp_ns) for stamp_ns in range(3)]
    console = Console(file=stream, force_terminal=True, width=120)
    assert list(track_frames(frames, title, len(frames), console)) == frames
    assert title in stream.getvalue()
