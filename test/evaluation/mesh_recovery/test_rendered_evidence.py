"""Figures of rendered sequences, by the evidence that NeurIK is shown."""

import torch

from biopose_ros.evaluation.inverse_kinematics.neurik import COMBINATIONS, evaluate_rendered
from biopose_ros.evaluation.inverse_kinematics.table import rendered_tables
from biopose_ros.inverse_kinematics.neurik_file import load_neurik
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.motion.splits import Split
from biopose_ros.training.neurik.label_store import label_motion, motion_of_split
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence


def test_every_combination_of_evidence_is_measured():
    clips = motion_of_split(Split.TEST, None, 2, seed=1)
    motion = label_motion([clip for clip in clips if len(clip) > 40][:1], Split.TEST, seed=0)
    frames = len(motion.angles_rad)
    rendered = RenderedEvidence(
        **vars(motion),
        origins_m=torch.tensor([-3.0, 0.0, 0.0]).expand(frames, 3),
        marker_weights=torch.ones(motion.markers_m.shape[:2]),
        keypoints_m=0.3 * torch.randn(frames, 33, 3),
        keypoint_weights=torch.ones(frames, 33),
        features=torch.zeros(frames, 64),
    )
    results = evaluate_rendered(load_neurik()[0], load_skeleton(), rendered)
    assert set(results) == {*COMBINATIONS, 'all_one_frame'}
    assert all(figures['limit_violations'] == 0 for figures in results.values())
    # True markers tell more than random keypoints.
    assert results['markers']['mae_angle_deg'] < results['keypoints']['mae_angle_deg']
    running = results['all']
    rows = [table.row_count for table in rendered_tables(results)]
    assert rows == [len(results), len(running['groups_deg'])]
    assert set(running['groups_deg']) < set(running['gain'])
