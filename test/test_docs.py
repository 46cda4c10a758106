"""The documentation: it builds, its links lead somewhere, and its quick starts run as typed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from biopose_ros.files.overlay import VideoWriter
from biopose_ros.files.video import open_frames

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / 'docs').glob('*.md'))
DEMO = ROOT.parent / 'shared' / 'data' / 'real' / 'sports2d' / 'demo.mp4'
INSTALL = 'make venv'  # the environment that runs these tests is one


def anchors(page):
    headings = re.findall(r'^#+ (.*)$', page.read_text(), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', head.lower()).strip().replace(' ', '-') for head in headings}


def links(page):
    text = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r'\]\(([^)\s]+)\)', text)


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip('material')
    built = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', tmp_path / 'site'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'},
    )
    assert built.returncode == 0, built.stderr
    listed = (ROOT / 'mkdocs.yml').read_text()
    assert all(f': {page.name}\n' in listed for page in PAGES)


@pytest.mark.parametrize(
    'page', [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *PAGES], ids=lambda page: page.name
)
def test_links_lead_to_files_and_headings(page):
    for link in links(page):
        if re.match(r'\w+:', link):
            assert re.fullmatch(r'https://[\w.-]+\.\w+(/\S*)?', link), link
            continue
        path, _, anchor = link.partition('#')
        target = (page.parent / path) if path else page
        assert target.exists(), f'{page.name}: {link}'
        assert not anchor or anchor in anchors(target), f'{page.name}: {link}'


@pytest.fixture(scope='module')
def clone(tmp_path_factory, imported):
    """What a user has after the install step: the environment, and a video of a person."""
    if not DEMO.exists():
        pytest.skip(f'needs the real video {DEMO.name}')
    folder = tmp_path_factory.mktemp('clone')
    (folder / '.venv').symlink_to(sys.prefix)
    (folder / 'whole.mp4').symlink_to(DEMO)
    with VideoWriter(folder / 'walk.mp4', 30.0) as writer:
        for frame in open_frames(str(DEMO)):
            if 100 <= frame.index < 130:
                writer.write(frame.image_bgr, frame.stamp_ns)
    return folder


@pytest.mark.parametrize('reader', ['robot_builder', 'biomechanist', 'researcher'])
def test_the_quick_start_runs_as_typed(reader, clone):
    page = (ROOT / 'docs' / f'{reader}.md').read_text()
    block = re.search(r'^## Quick start\n.*?^```sh\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    # The demonstration plays as fast as a camera: it needs the whole video.
    video = 'whole.mp4' if reader == 'robot_builder' else 'walk.mp4'
    install, *commands = block.group(1).replace('walk.mp4', video).splitlines()
    assert install == INSTALL
    subprocess.run(['rm', '-rf', clone / 'results'], check=True)
    for command in commands:
        ran = subprocess.run(
            ['bash', '-c', command],
            cwd=clone,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
        )
        assert ran.returncode == 0, f'{command}\n{ran.stdout}{ran.stderr}'
    if reader == 'biomechanist':
        assert {path.name for path in (clone / 'results').iterdir()} >= {'report.html', 'person_1'}
