"""What the skeleton's tests share: the reference model, and a copy of it with markers."""

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import torch

from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.skeleton.description import Marker

REFERENCE = Path(__file__).parents[3] / 'shared/data/reference'


@pytest.fixture(scope='session')
def reference_path():
    path = REFERENCE / 'LaiUhlrich2022.osim'
    if not path.exists():
        pytest.skip('the reference model LaiUhlrich2022.osim is not here')
    return path


@pytest.fixture(scope='session')
def reference_skeleton(reference_path):
    """LaiUhlrich2022 with the anatomical markers that are published with it."""
    description = load_skeleton(reference_path).description
    tree = ET.parse(REFERENCE / 'LaiUhlrich2022_markers_mocap.xml')
    markers = []
    for element in tree.iter('Marker'):
        body = element.findtext('socket_parent_frame').split('/')[-1]
        offset = tuple(float(word) for word in element.findtext('location').split())
        markers.append(Marker(element.get('name'), body, offset))
    marked = dataclasses.replace(description, markers=tuple(markers))
    return Skeleton(marked, reference_path)


@pytest.fixture
def draw_poses():
    """Draw poses [count, coordinates] within a share of each coordinate's range."""

    def draw(skeleton, count, share=1.0, seed=0):
        generator = torch.Generator().manual_seed(seed)
        lower = skeleton.lower_limits.clamp(min=-3.2)
        upper = skeleton.upper_limits.clamp(max=3.2)
        random = torch.rand(count, len(lower), generator=generator, dtype=torch.float64) - 0.5
        return (lower + upper) / 2 + (upper - lower) * share * random

    return draw
