"""Mesh vertices to named anatomical markers."""

from __future__ import annotations

from biopose_ros.resources import resource_path
from biopose_ros.virtual_markers.marker_table import Marker, MarkerTable, read_markers

__all__ = ['Marker', 'MarkerTable', 'load_markers', 'read_markers']


def load_markers(topology: str = 'biopose') -> MarkerTable:
    """
    Load the marker table that ships for a mesh topology.

    :param topology: ``biopose`` (the default body) or ``smpl``; see
        :attr:`biopose_ros.body.BodyModel.topology`.
    :raises ValueError: when no table ships for it.
    """
    tables = resource_path('config/markers')
    if not (tables / f'{topology}.yaml').exists():
        known = ', '.join(sorted(path.stem for path in tables.glob('*.yaml')))
        raise ValueError(f'no marker table for topology {topology!r}; there are {known}')
    return read_markers(tables / f'{topology}.yaml')
