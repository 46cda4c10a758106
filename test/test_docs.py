"""The documentation: it builds, its links lead somewhere, and its quick starts run as typed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from clips import WALK, cut, write_clip
from quick_start import run_quick_start

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / 'docs').glob('*.md'))


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


@pytest.mark.parametrize('reader', ['biomechanist', 'researcher'])  # robot_builder: test_demo.py
def test_the_quick_start_runs_as_typed(reader, imported, tmp_path):
    write_clip(tmp_path / 'walk.mp4', cut(WALK, 100, 130))
    run_quick_start(reader, tmp_path)
    if reader == 'biomechanist':
        left = {path.name for path in (tmp_path / 'results').iterdir()}
        assert left >= {'report.html', 'person_1'}
