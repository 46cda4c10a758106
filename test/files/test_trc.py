import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from biopose_ros.files.trc import TrcWriter, read_trc

NAMES = ('r_knee', 'l_knee')
METRES = st.one_of(st.floats(-5, 5), st.just(np.nan))


def write(path, times_s, positions_m):
    with TrcWriter(path, NAMES, 30.0) as writer:
        for time_s, row in zip(times_s, positions_m, strict=True):
            writer.write(time_s, row)
    return path


@given(
    positions_m=arrays(
        np.float64, st.tuples(st.integers(0, 5), *map(st.just, (2, 3))), elements=METRES
    )
)
def test_round_trip(tmp_path_factory, positions_m):
    times_s = np.arange(len(positions_m)) / 30
    path = write(tmp_path_factory.mktemp('trc') / 'markers.trc', times_s, positions_m)
    read_times_s, markers_m = read_trc(path)
    np.testing.assert_allclose(read_times_s, times_s, atol=1e-9)
    for index, name in enumerate(NAMES):
        np.testing.assert_allclose(markers_m[name], positions_m[:, index], atol=1e-6)


def test_opensim_reads_it_with_unknown_markers_and_gaps(tmp_path):
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    positions_m = np.arange(18.0).reshape(3, 2, 3) / 10
    positions_m[1, 1] = np.nan  # the last field of a row is blank
    positions_m[2, 0] = np.nan
    path = write(tmp_path / 'markers.trc', [0.0, 0.1, 0.9], positions_m)

    table = opensim.TimeSeriesTableVec3(str(path))
    assert list(table.getIndependentColumn()) == pytest.approx([0.0, 0.1, 0.9])
    assert list(table.getColumnLabels()) == list(NAMES)
    assert table.getTableMetaDataString('Units') == 'm'
    for row in range(3):
        vectors = table.getRowAtIndex(row)
        read = [[vectors[marker][axis] for axis in range(3)] for marker in range(2)]
        np.testing.assert_allclose(read, positions_m[row])
    assert opensim.MarkerData(str(path)).getNumFrames() == 3


def test_millimetres_become_metres(tmp_path):
    path = write(tmp_path / 'markers.trc', [0.0], np.full((1, 2, 3), 1500.0))
    path.write_text(path.read_text().replace('\tm\t', '\tmm\t'))
    _, markers_m = read_trc(path)
    np.testing.assert_allclose(markers_m['r_knee'], 1.5)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [('PathFileType', 'Something', 'not a marker file'), ('\tm\t', '\tinch\t', "unit 'inch'")],
)
def test_other_files_are_refused(tmp_path, old, new, message):
    path = write(tmp_path / 'markers.trc', [0.0], np.zeros((1, 2, 3)))
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_trc(path)
