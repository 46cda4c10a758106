"""Which files a batch takes, and that no two of them share a folder."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biopose_ros.batch.recordings import find_recordings

PLACES, FILES = (
    ['', 'a', 'b', 'a/c', 'x/a'],
    ['walk.mp4', 'walk.MOV', 'a_walk.mp4', 'a_walk_2.mp4'],
)
NAMES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(FILES)), min_size=1, unique=True
)


@given(names=NAMES)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_recording_has_a_folder_of_its_own(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp('batch')
    for place, name in names:
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / name).touch()
    (folder / 'notes.txt').touch()
    found = find_recordings(folder, folder / 'out')
    assert [one.source for one in found] == sorted(folder / p / n for p, n in names)
    assert len({one.out for one in found}) == len(names)
    assert all(one.out.parent == folder / 'out' for one in found)


def test_results_within_the_folder_are_no_recordings(tmp_path):
    (tmp_path / 'walk.mp4').touch()
    (tmp_path / 'out' / 'walk').mkdir(parents=True)
    (tmp_path / 'out' / 'walk' / 'overlay.mp4').touch()
    assert [one.source.name for one in find_recordings(tmp_path, tmp_path / 'out')] == ['walk.mp4']


def test_a_list_keeps_its_order_and_is_relative_to_itself(tmp_path):
    file = tmp_path / 'lists' / 'todo.txt'
    file.parent.mkdir()
    file.write_text('# Monday\n../b.mp4\n\n/elsewhere/a.mp4\n')
    found = find_recordings(file, tmp_path / 'out')
    assert [str(one.source) for one in found] == [str(tmp_path / 'b.mp4'), '/elsewhere/a.mp4']


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(ValueError, match=r'no recordings \(looked for .*\.mp4'):
        find_recordings(tmp_path, tmp_path / 'out')
