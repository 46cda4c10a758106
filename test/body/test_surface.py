import numpy as np
import pytest
import torch

from biopose_ros.body.surface import body_vertices_m, coarse_faces


def test_the_skin_lies_where_joints_and_markers_are(body, placed_body):
    vertices_m = body_vertices_m(body, placed_body)
    assert vertices_m.shape == body.template_m.shape
    found = placed_body.rescaled
    mesh = body(torch.from_numpy(found.pose).float(), torch.from_numpy(found.betas).float())
    joints_m = placed_body.scale * (mesh.joints_m - mesh.joints_m[0]).numpy() + found.joints_m[0]
    np.testing.assert_allclose(found.joints_m, joints_m, atol=1e-4)
    low, high = vertices_m.min(0), vertices_m.max(0)
    assert np.all((found.markers_m > low - 0.02) & (found.markers_m < high + 0.02))


def test_few_triangles_span_the_same_body(body):
    faces = coarse_faces(body, 0.03)
    assert len(faces) < len(body.faces) / 4
    template = body.template_m.numpy()

    def area(triangles):
        a, b, c = template[triangles].swapaxes(0, 1)
        return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()

    assert area(faces) == pytest.approx(area(body.faces), rel=0.15)
    assert np.ptp(template[np.unique(faces)], axis=0) == pytest.approx(
        np.ptp(template, axis=0), abs=0.05
    )
