from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.evaluation.mesh_recovery.rendered_evidence import rendered_errors
from biopose_ros.frames import camera_to_ground
from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.mesh_file import save_mesh_recovery
from biopose_ros.mesh_recovery.network import MeshRecovery
from biopose_ros.training.neurik.render_evidence import (
    TRUE_MARKERS,
    EvidenceRenderer,
    RenderConfig,
    joined_evidence,
    render_evidence,
    shard_path,
)
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.synthesis.setup import SynthesisConfig
from biopose_ros.virtual_markers.body_parts import HIP_ROWS, MARKER_NAMES


@pytest.fixture(scope='module')
def config(tmp_path_factory, imported):
    torch.manual_seed(0)
    small = MeshRecoveryConfig(
        'full', size=32, memory_size=16, heads=2, layers=1, feedforward_size=32, extra_queries=2
    )
    path = tmp_path_factory.mktemp('mesh') / 'mesh.safetensors'
    save_mesh_recovery(path, MeshRecovery(small))
    # A seed whose first four sequences are short.
    images = SynthesisConfig('validation', seed=25, activities=('squat',))
    return RenderConfig(images, 'full', path)


@pytest.fixture(scope='module')
def renderer(config):
    return EvidenceRenderer(config)


@pytest.fixture(scope='module')
def made(renderer):
    return renderer.sequence(0)


def test_estimates_are_about_their_own_hips_and_truth_about_its(made):
    np.testing.assert_allclose(made['markers_m'][:, HIP_ROWS].mean(1), 0.0, atol=1e-4)
    np.testing.assert_allclose(made[TRUE_MARKERS][:, HIP_ROWS].mean(1), 0.0, atol=1e-4)
    assert np.all(made['origins_m'][:, 0] < 0)  # before the camera, to which x points


def test_keypoints_lie_in_the_plane_that_faces_the_camera(made):
    np.testing.assert_allclose(made['keypoints_m'][..., 0], 0.0, atol=1e-3)


def test_the_true_pelvis_is_seen_where_it_was_before_it_was_moved(made, renderer):
    samples = renderer.generator.chunk(0)
    rows = [renderer.generator.markers.index(name) for name in MARKER_NAMES]
    true_m = camera_to_ground(np.stack([sample.markers_m[rows] for sample in samples]))
    true_middle_m = true_m[:, HIP_ROWS].mean(1)
    pelvis_m = made['pelvis_positions_m'] + made['origins_m']
    nearer = made['origins_m'][:, :1] / true_middle_m[:, :1]
    gap_m = pelvis_m / nearer - true_middle_m
    assert np.linalg.norm(gap_m, axis=1).max() < 0.15  # the hips lie near the pelvis


def test_shards_are_joined_saved_and_measured(made, tmp_path):
    np.savez(shard_path(tmp_path, 0), **made)
    np.savez(shard_path(tmp_path, 1), **made)
    evidence = joined_evidence(tmp_path)
    count = int(made['lengths'][0])
    assert evidence.lengths.tolist() == [count, count]
    assert evidence.starts.tolist() == [0, count]
    evidence.save(tmp_path / 'all.npz')
    again = RenderedEvidence.load(tmp_path / 'all.npz')
    torch.testing.assert_close(again.markers_m, evidence.markers_m)
    errors = rendered_errors(tmp_path)
    assert errors.sequences == 2
    off_m = np.linalg.norm(made['markers_m'] - made[TRUE_MARKERS], axis=-1)
    seen = (made['marker_weights'] > 0).any(-1)
    assert errors.mm == pytest.approx(1e3 * off_m[seen].mean(), rel=1e-4)
    assert errors.pa_mm < errors.mm


def test_no_error_is_measured_where_there_is_none(made, tmp_path):
    weights = np.ones_like(made['marker_weights'])
    perfect = {**made, 'markers_m': made[TRUE_MARKERS], 'marker_weights': weights}
    np.savez(shard_path(tmp_path, 0), **perfect)
    errors = rendered_errors(tmp_path)
    assert errors.mm == 0.0
    assert errors.pa_mm < 0.1
    assert max(part.rotation_deg for part in errors.parts.values()) < 0.1


def test_a_stopped_run_goes_on_and_gives_the_same(config, made, tmp_path):
    first = render_evidence(tmp_path, config, frames=10, workers=1)
    stamp = shard_path(tmp_path, 0).stat().st_mtime_ns
    again = render_evidence(tmp_path, config, frames=10, workers=1)
    assert shard_path(tmp_path, 0).stat().st_mtime_ns == stamp
    torch.testing.assert_close(first.markers_m, again.markers_m)
    count = int(first.lengths[0])
    np.testing.assert_allclose(first.markers_m[:count], made['markers_m'], atol=1e-4)
    with pytest.raises(ValueError, match='holds other sequences'):
        render_evidence(tmp_path, replace(config, encoder='heavy'), frames=10, workers=1)


def test_a_folder_without_shards_is_named(tmp_path):
    result = CliRunner().invoke(app, ['evaluate', 'evidence', str(tmp_path)])
    assert result.exit_code == 1
    assert 'no rendered sequences' in result.output


def test_where_workers_fail_their_log_is_named(tmp_path):
    broken = tmp_path / 'broken.safetensors'
    broken.write_bytes(b'no weights')
    given = ['--frames', '1', '--weights', str(broken), '--workers', '1']
    arguments = [str(tmp_path / 'run'), *given]
    result = CliRunner().invoke(app, ['build', 'evidence', *arguments])
    assert result.exit_code == 1
    assert 'render.log' in ' '.join(result.output.split())
