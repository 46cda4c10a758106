"""The comparison runs on one clip and gives every figure."""

import pytest

from biopose_ros.evaluation.metrics import COORDINATE_GROUPS

pytest.importorskip('opensim')


def test_all_figures_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path))
    from biopose_ros.evaluation.inverse_kinematics.clips import NOISES
    from biopose_ros.evaluation.inverse_kinematics.neurik import evaluate_neurik
    from biopose_ros.evaluation.inverse_kinematics.table import neurik_table
    from biopose_ros.inverse_kinematics.neurik_file import load_neurik
    from biopose_ros.inverse_kinematics.predictor import NeurikPredictor
    from biopose_ros.training.motion.splits import Split
    from biopose_ros.training.neurik.label_store import label_motion, motion_of_split

    clips = motion_of_split(Split.TEST, None, 2, seed=1)
    motion = label_motion([clip for clip in clips if len(clip) > 40][:1], Split.TEST, seed=0)
    model, _ = load_neurik()
    results = evaluate_neurik(model, NeurikPredictor(None, 'cpu'), motion, 1, 4)
    for noise in NOISES:
        figures = results[noise]
        assert set(figures['groups_deg']) == set(COORDINATE_GROUPS)
        assert figures['limit_violations'] == 0
        assert 0 < figures['within_1_sigma'] <= figures['within_2_sigma'] <= 1
        for key in ('mpblpe_mm', 'mae_body', 'jitter_ratio', 'opensim_ik_mae_angle_deg'):
            assert figures[key] > 0
    # With the true sizes and clean markers the solvers must be nearly exact.
    assert results['clean']['opensim_ik_mae_angle_deg'] < 3
    assert results['clean']['batched_ik_mae_angle_deg'] < 3
    assert results['clean']['mae_angle_deg'] < results['heavy_noise']['mae_angle_deg']
    assert results['speedup_8_persons'] > 0
    assert neurik_table(results).row_count > 10
