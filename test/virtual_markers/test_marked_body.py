import pickle
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from smpl_like import smpl_like_body

from biopose_ros.body import BodyModel, load_body
from biopose_ros.body.body_file import export_smpl
from biopose_ros.body.rotations import axis_angle_to_matrix
from biopose_ros.evaluation.body.layer import smplx_max_error_m
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m
from biopose_ros.virtual_markers.marked_body import fitting_shape, marked_body


@pytest.fixture(scope='module')
def smpl_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('body') / 'smpl.pkl'
    export_smpl(path, smpl_like_body())
    return path


@pytest.fixture(scope='module')
def person():
    random = torch.Generator().manual_seed(0)
    pose = axis_angle_to_matrix(0.3 * torch.randn(24, 3, generator=random))
    return pose, torch.randn(16, generator=random)


@pytest.mark.skipif(find_spec('smplx') is None, reason='the optional package smplx is missing')
def test_the_unmodified_smplx_poses_the_users_file_as_we_do(smpl_file):
    assert smplx_max_error_m(load_body(smpl_file), bodies=2) < 1e-5


def test_a_users_body_has_all_markers_where_the_default_body_has_them(smpl_file, person):
    pose, betas = person
    theirs = points_about_pelvis_m(*marked_body(smpl_file), pose, fitting_shape(smpl_file)(betas))
    ours = points_about_pelvis_m(*marked_body(), pose, betas)
    off_m = (theirs - ours).norm(dim=-1)
    _, markers = marked_body(smpl_file)
    assert markers.names == MARKER_NAMES
    is_known = torch.tensor([name in load_markers('smpl').names for name in MARKER_NAMES])
    assert off_m[:24].max() < 0.006
    assert off_m[24:][is_known].max() < 0.03  # the heaviest vertex stands for several
    assert off_m[24:][~is_known].max() < 0.04  # they hang on the joints


def test_the_shape_fits_whatever_its_components_are(tmp_path, person):
    pose, betas = person
    data = load_body().data
    export_smpl(tmp_path / 'body.pkl', data)
    fields = pickle.loads((tmp_path / 'body.pkl').read_bytes())
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((16, 16)))
    fields['shapedirs'] = fields['shapedirs'] @ turn
    fields['v_template'] = fields['v_template'] + fields['shapedirs'][..., 0]
    (tmp_path / 'body.pkl').write_bytes(pickle.dumps(fields))
    body = load_body(tmp_path / 'body.pkl')
    found = fitting_shape(tmp_path / 'body.pkl')(betas)
    mesh, expected = body(pose, found), BodyModel(data)(pose, betas)
    assert (mesh.vertices_m - expected.vertices_m).norm(dim=-1).mean() < 0.004


def test_a_body_without_a_marker_table_says_what_fits(tmp_path):
    export_smpl(tmp_path / 'body.pkl', load_body().data)
    fields = pickle.loads((tmp_path / 'body.pkl').read_bytes())
    fields.pop('topology')
    np.savez(tmp_path / 'body.npz', **fields)
    with pytest.raises(ValueError, match=r'body\.npz: no marker table .* the vertices of SMPL'):
        marked_body(tmp_path / 'body.npz')
