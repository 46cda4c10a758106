"""From many bodies in the T-pose to a shape space and a joint regressor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS, MIRRORED_JOINTS
from biopose_ros.records import FloatArray


@dataclass(frozen=True)
class ShapeSpace:
    """
    Principal components of bodies.

    :param mean_m: [vertices, 3].
    :param directions_m: [vertices, 3, components], scaled so that the population's betas have
        unit variance.
    :param betas: [bodies, components], of the bodies it was made from.
    """

    mean_m: FloatArray
    directions_m: FloatArray
    betas: FloatArray

    def bodies_m(self, betas: FloatArray) -> FloatArray:
        """
        Make bodies.

        :param betas: [bodies, components].
        :returns: [bodies, vertices, 3].
        """
        return self.mean_m + np.einsum('vkc,bc->bvk', self.directions_m, betas)


def principal_components(
    bodies_m: FloatArray, measures: FloatArray, measure_weight_m: float, components: int
) -> ShapeSpace:
    """
    Find the directions in which bodies differ most, in surface and in tape measures together.

    A plain analysis of vertices spends its components on girth, where many vertices move far, and
    loses short segments such as hand and foot. The measures enter as further columns, so the
    components keep them; the directions themselves are those of the vertices alone.

    :param bodies_m: [bodies, vertices, 3].
    :param measures: [bodies, measures], standardised.
    :param measure_weight_m: how much one standard deviation of one measure counts, in metres of
        root mean square vertex motion.
    :param components: how many directions to keep.
    """
    mean = bodies_m.mean(axis=0)
    flat = (bodies_m - mean).reshape(len(bodies_m), -1)
    weight = measure_weight_m * np.sqrt(len(mean))
    columns = measures - measures.mean(axis=0)
    # The Gram matrix: far fewer bodies than vertices.
    gram = flat @ flat.T + weight**2 * (columns @ columns.T)
    _, vectors = np.linalg.eigh(gram)
    betas = vectors[:, ::-1][:, :components] * np.sqrt(len(bodies_m))
    # Best vertices for these betas; the betas are orthogonal with unit variance.
    directions = (flat.T @ betas) / len(bodies_m)
    directions = directions.reshape(*mean.shape, components)
    # Positive betas mean taller, so that signs do not depend on the linear algebra library.
    top, bottom = np.argmax(mean[:, 1]), np.argmin(mean[:, 1])
    signs = np.where(directions[top, 1] < directions[bottom, 1], -1.0, 1.0)
    return ShapeSpace(mean, directions * signs, betas * signs)


def fit_joint_regressor(
    bodies_m: FloatArray, joints_m: FloatArray, weights: FloatArray, mirror: np.ndarray
) -> csr_matrix:
    """
    Express each joint as a weighted mean of some vertices around it.

    :param bodies_m: [bodies, vertices, 3], T-pose.
    :param joints_m: [bodies, 24, 3], T-pose, symmetric.
    :param weights: [vertices, 24], skinning weights; they tell which vertices lie at a joint.
    :param mirror: [vertices], the partner on the other side.
    :returns: [24, vertices], rows sum to one, at most 64 entries each.
    """
    rows = np.zeros((len(JOINT_NAMES), len(weights)))
    for joint, name in enumerate(JOINT_NAMES):
        if name.startswith('right_'):
            rows[joint] = rows[MIRRORED_JOINTS[joint]][mirror]
            continue
        near = _vertices_at_joint(weights, joint, bodies_m.mean(axis=0))
        rows[joint, near] = _sum_to_one_fit(bodies_m[:, near], joints_m[:, joint])
        if not name.startswith('left_'):
            rows[joint] = (rows[joint] + rows[joint][mirror]) / 2.0
    return csr_matrix(rows)


def _vertices_at_joint(weights: FloatArray, joint: int, mean_m: FloatArray) -> np.ndarray:
    """Choose 64 vertices, spread out, that move partly with the joint, partly with its parent."""
    parent = max(JOINT_PARENTS[joint], 0)
    mixed = np.minimum(weights[:, joint], weights[:, parent] if joint else weights[:, joint])
    candidates = np.flatnonzero(mixed > min(0.1, np.sort(mixed)[-200]))
    chosen = [int(candidates[0])]
    distance = np.full(len(candidates), np.inf)
    while len(chosen) < min(64, len(candidates)):
        step = np.linalg.norm(mean_m[candidates] - mean_m[chosen[-1]], axis=1)
        distance = np.minimum(distance, step)
        chosen.append(int(candidates[np.argmax(distance)]))
    return np.array(chosen)


def _sum_to_one_fit(points_m: FloatArray, target_m: FloatArray) -> FloatArray:
    """Solve for weights [points] with a sum of one; ridge keeps them small and spread."""
    points = np.moveaxis(points_m, 1, -1).reshape(-1, points_m.shape[1])
    normal = points.T @ points
    ridge = 1e-5 * np.trace(normal)
    normal += ridge / len(normal) * np.eye(len(normal))
    right = points.T @ target_m.reshape(-1)
    ones = np.ones(len(normal))
    solved = np.linalg.solve(normal, np.stack([right, ones], axis=1))
    free, pull = solved.T
    return free + pull * (1.0 - free.sum()) / pull.sum()
