import io

from rich.console import Console

from biopose_ros.cli.progress import Bars


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
