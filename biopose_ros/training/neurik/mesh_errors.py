"""
How a mesh network errs, measured on images, so that motion without images can be given its errors.

A network that is not sure draws limbs towards what is usual: their depth shrinks, movements look
smaller than they are. Here the attitude of every body part in the view is predicted linearly from
the true attitudes of all parts; what remains is normal, with the parts' errors correlated as they
were measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.rotations import matrix_to_six, six_to_matrix
from biopose_ros.skeleton.sides import partners
from biopose_ros.virtual_markers.body_parts import BODY_PARTS

_NAMES = [part.name for part in BODY_PARTS]
_PARTS = len(_NAMES)
_NUMBERS = 6 * _PARTS
_RIDGE = 0.03  # of the variance of true attitudes, over which slopes fall to half


@dataclass(frozen=True)
class MeshErrors:
    """
    Errors of the attitudes of all body parts; view axes: x to the camera, y up.

    Attitudes are the first two columns of each part's rotation, part after part.

    :param slope: [numbers, numbers], estimated attitudes by true ones.
    :param shift: [numbers].
    :param root: [numbers, numbers], lower, times its transpose the covariance of what remains.
    """

    slope: Tensor
    shift: Tensor
    root: Tensor

    @staticmethod
    def measure(true: Tensor, estimated: Tensor) -> MeshErrors:
        """
        Measure on images; left and right err alike.

        :param true: [images, parts, 3, 3], part to view axes.
        :param estimated: of the same images.
        """
        inputs, outputs = (
            _attitudes(torch.cat([turns, _mirrored(turns)])).double()
            for turns in (true, estimated)
        )
        mean, wanted = inputs.mean(0), outputs.mean(0)
        away = inputs - mean
        gram = away.mT @ away
        ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
        slope = torch.linalg.solve(gram + ridge, away.mT @ (outputs - wanted)).mT
        rest = outputs - wanted - away @ slope.mT
        covariance = rest.mT @ rest / len(rest)
        covariance = covariance + 1e-6 * torch.eye(len(gram), dtype=gram.dtype)
        root = torch.linalg.cholesky(covariance)
        return MeshErrors(slope.float(), (wanted - slope @ mean).float(), root.float())

    def __call__(self, true: Tensor, noise: Tensor, strength: Tensor) -> Tensor:
        """
        Give attitudes as the network would.

        :param true: [..., parts, 3, 3], part to view axes.
        :param noise: [..., numbers], of unit variance.
        :param strength: [...], 1 for errors as measured, 0 for none.
        :returns: [..., parts, 3, 3].
        """
        given = _attitudes(true)
        off = given @ self.slope.mT + self.shift - given + noise @ self.root.mT
        return six_to_matrix((given + strength[..., None] * off).unflatten(-1, (_PARTS, 6)))

    def save(self, path: Path) -> None:
        """
        Write to a file.

        :param path: .npz.
        """
        arrays = {name: value.numpy().astype(np.float16) for name, value in vars(self).items()}
        np.savez_compressed(path, **arrays)

    @staticmethod
    def load(path: Path) -> MeshErrors:
        """
        Read a file.

        :param path: written by :meth:`save`.
        :raises ValueError: when it is for other body parts.
        """
        with np.load(path) as arrays:
            values = {name: torch.from_numpy(array).float() for name, array in arrays.items()}
        errors = MeshErrors(**values)
        if errors.shift.shape != (_NUMBERS,):
            raise ValueError(
                f'{path}: errors of {len(errors.shift) // 6} body parts, this release has '
                f'{_PARTS}; measure them again'
            )
        return errors


def _attitudes(turns: Tensor) -> Tensor:
    return matrix_to_six(turns).flatten(-2)


def _mirrored(turns: Tensor) -> Tensor:
    """Exchange left and right: mirror about the plane of view x and y."""
    other = partners(_NAMES)
    flip = torch.tensor([1.0, 1.0, -1.0])
    return turns[:, [_NAMES.index(other[name]) for name in _NAMES]] * flip[:, None] * flip
