import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from biopose_ros.files.mot import MotWriter, read_mot

NAMES = ('pelvis_tilt', 'pelvis_tx', 'knee_angle_r')
POSES = arrays(np.float64, st.tuples(st.integers(0, 5), st.just(3)), elements=st.floats(-3, 3))


def write(path, times_s, poses):
    with MotWriter(path, NAMES) as writer:
        for time_s, pose in zip(times_s, poses, strict=True):
            writer.write(time_s, pose)
    return path


@given(poses=POSES)
def test_round_trip(tmp_path_factory, poses):
    times_s = np.arange(len(poses)) / 30
    path = write(tmp_path_factory.mktemp('mot') / 'motion.mot', times_s, poses)
    read_times_s, coordinates = read_mot(path)
    np.testing.assert_allclose(read_times_s, times_s, atol=1e-9)
    for column, name in enumerate(NAMES):
        np.testing.assert_allclose(coordinates[name], poses[:, column], atol=1e-8)


def test_opensim_reads_it(tmp_path):
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    poses = np.array([[0.1, 1.5, 0.2], [0.2, 1.6, 0.3], [0.3, 1.7, 0.4]])
    path = write(tmp_path / 'motion.mot', [0.0, 0.1, 0.9], poses)  # a gap after the second

    table = opensim.TimeSeriesTable(str(path))
    assert table.getNumRows() == 3
    assert table.getTableMetaDataString('inDegrees') == 'yes'
    assert list(table.getColumnLabels()) == list(NAMES)
    assert list(table.getIndependentColumn()) == pytest.approx([0.0, 0.1, 0.9])
    assert table.getDependentColumn('pelvis_tx').to_numpy() == pytest.approx(poses[:, 1])
    degrees = table.getDependentColumn('knee_angle_r').to_numpy()
    assert degrees == pytest.approx(np.degrees(poses[:, 2]))
    storage = opensim.Storage(str(path))
    assert storage.getSize() == 3
    assert storage.isInDegrees()


def test_an_unknown_coordinate_keeps_its_last_value_so_that_opensim_reads_on(tmp_path):
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    poses = np.array([[0.1, np.nan, 0.2], [0.2, 1.6, np.nan], [0.3, 1.7, 0.4]])
    path = write(tmp_path / 'motion.mot', [0.0, 0.1, 0.2], poses)
    assert opensim.Storage(str(path)).getSize() == 3
    _, coordinates = read_mot(path)
    np.testing.assert_allclose(coordinates['knee_angle_r'], [0.2, 0.2, 0.4])
    np.testing.assert_allclose(coordinates['pelvis_tx'], [0.0, 1.6, 1.7])


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('time\tknee\n0\t1\n', 'no line "endheader"'),
        ('a\nendheader\ntime\tknee\n0\t1\t2\n', 'rows do not match'),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / 'other.mot'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_mot(path)
