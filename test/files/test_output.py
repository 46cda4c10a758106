import os
from pathlib import Path

import pytest

from biopose_ros.files.growing_table import GrowingTable
from biopose_ros.files.output import OutputError, replacing, writing
from biopose_ros.files.results import RunResults
from biopose_ros.skeleton import load_skeleton


def test_a_full_disk_names_file_and_remedy():
    with pytest.raises(OutputError, match=r'^/dev/full: the disk is full; free some space'):
        GrowingTable(Path('/dev/full'), 'header\n')


def test_what_is_saved_stays_whole_when_the_disk_fills_up(tmp_path):
    """A limit on the size of files, as a quota sets it."""
    pid = os.fork()
    if pid == 0:  # a process of its own: its limit must not stay
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        table = GrowingTable(tmp_path / 'table', f'nRows={GrowingTable.COUNT}\n')
        try:
            for row in range(1000):
                table.write_row([str(row)] * 20)
                table.save()
        except OutputError as error:
            os._exit(0 if 'the disk is full' in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    text = (tmp_path / 'table').read_text()
    rows = text.splitlines()[1:]
    assert text.endswith('\n')
    assert len(rows) > 10
    assert int(text.splitlines()[0].removeprefix('nRows=')) == len(rows)
    assert all(row.split('\t') == [str(number)] * 20 for number, row in enumerate(rows))


def test_rows_lie_on_the_disk_once_saved(tmp_path):
    table = GrowingTable(tmp_path / 'table', f'n={GrowingTable.COUNT}\n')
    table.write_row(['a'])
    assert (tmp_path / 'table').read_text().split() == ['n=0']
    table.save()
    table.write_row(['b'])
    assert (tmp_path / 'table').read_text().split() == ['n=1', 'a']
    table.close()
    assert (tmp_path / 'table').read_text().split() == ['n=2', 'a', 'b']


def test_a_file_is_replaced_in_one_step_or_not_at_all(tmp_path):
    path = tmp_path / 'model.osim'
    path.write_text('old')
    with pytest.raises(TypeError), replacing(path) as new:
        new.write_text('half') and new.write_text(None)
    assert path.read_text() == 'old'
    with replacing(path) as new:
        new.write_text('new')
        assert path.read_text() == 'old'
    assert path.read_text() == 'new'
    assert [file.name for file in tmp_path.iterdir()] == ['model.osim']


def test_output_that_is_a_file_is_told(tmp_path):
    (tmp_path / 'out').write_text('')
    for folder in (tmp_path / 'out', tmp_path / 'out' / 'deeper'):
        with pytest.raises(OutputError, match='a file is where a folder is needed; choose'):
            RunResults(folder, load_skeleton(), 30.0, {})


@pytest.mark.parametrize(
    ('error', 'remedy'),
    [
        (PermissionError(13, 'Permission denied'), 'no permission to write; choose another'),
        (OSError(30, 'Read-only file system'), 'no permission to write; choose another'),
        (OSError(5, 'Input/output error'), 'Input/output error; choose another folder'),
    ],
)
def test_other_errors_name_the_path_too(error, remedy):
    with pytest.raises(OutputError, match=f'^/some/file: {remedy}'), writing(Path('/some/file')):
        raise error
