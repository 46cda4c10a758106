"""The report of a real walk and of real squats, as a browser shows it."""

import csv
import html.parser
import re
import shutil
import subprocess
from itertools import pairwise

import cv2
import numpy as np
import pytest
from clips import REAL, WALK, cut, write_clip
from typer.testing import CliRunner

from biopose_ros.cli.app import app

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
# The woman's heel strikes, counted and timed by looking at the pictures (+-1 image).
FIRST, LAST = 86, 202
HEEL_STRIKES_S = (3.25, 3.88, 4.47, 5.10, 5.70, 6.33)
# Squats of which the pictures show two whole ones, and one that ends on the way up.
SQUATS = REAL / 'people' / 'pose_squats.mp4'
SQUAT_BOTTOMS_S = ((1.6, 2.6), (6.2, 7.4), (11.2, 12.4))
# Sits down, gets up, sits down, gets up and leaves.
CHAIR = REAL / 'sit_to_stand' / 'cam0_test.mp4'
SITS_S = ((2.1, 5.1), (6.9, 8.2))


def biopose(*arguments):
    outcome = CliRunner().invoke(app, list(map(str, arguments)))
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.fixture(scope='module')
def run(imported, tmp_path_factory):
    """Run the pipeline over a real clip once."""
    folder = tmp_path_factory.mktemp('reports')

    def once(video, *options):
        if not video.exists():
            pytest.skip(f'needs the real video {video.name}')
        out = folder / video.stem
        if not out.exists():
            biopose('run', video, '--out', out, '--report', *options)
        return out

    return once


@pytest.fixture(scope='module')
def walk(run, tmp_path_factory):
    path = tmp_path_factory.mktemp('clip') / 'walk.mp4'
    return run(write_clip(path, cut(WALK, FIRST, LAST)), '--max-persons', 2)


def events(folder):
    with (folder / 'events.csv').open() as file:
        return [(float(row['time']), row['event'], row['side']) for row in csv.DictReader(file)]


def test_the_steps_of_a_real_walk_are_those_counted_by_hand(walk):
    walker = next(p for p in walk.glob('person_*') if any('heel' in e[1] for e in events(p)))
    strikes = [event for event in events(walker) if event[1] == 'heel_strike']
    assert len(strikes) == len(HEEL_STRIKES_S)
    np.testing.assert_allclose([time for time, *_ in strikes], HEEL_STRIKES_S, atol=0.1)
    sides = [side for *_, side in strikes]
    assert all(a != b for a, b in pairwise(sides))


def test_real_squats_are_those_counted_by_hand(run):
    found = events(run(SQUATS) / 'person_1')
    bottoms = [time for time, kind, _ in found if kind == 'repetition_extreme']
    assert len(bottoms) == len(SQUAT_BOTTOMS_S)
    assert all(a <= t <= b for t, (a, b) in zip(bottoms, SQUAT_BOTTOMS_S, strict=True))
    assert sum(kind == 'repetition_end' for _, kind, _ in found) == 2


def test_sitting_down_and_rising_is_counted_as_by_hand(run):
    found = events(run(CHAIR) / 'person_1')
    extremes = [time for time, kind, _ in found if kind == 'repetition_extreme']
    assert len(extremes) == len(SITS_S)
    assert all(a <= t <= b for t, (a, b) in zip(extremes, SITS_S, strict=True))


class Page(html.parser.HTMLParser):
    """Tags that are open at the end, addresses, and texts."""

    VOID = ('meta', 'img', 'br', 'path', 'rect', 'image', 'i')

    def __init__(self, path):
        super().__init__()
        self.open, self.addresses, self.text = [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [v for k, v in attributes if k in ('src', 'href', 'xlink:href')]

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_stands_alone_and_says_what_was_found(walk):
    path = walk / 'report.html'
    page = Page(path)
    text = re.sub(r'\s+', ' ', ' '.join(page.text))
    assert not page.open
    assert page.addresses
    assert all(address.startswith('data:') for address in page.addresses)
    # Pictures are left out: any four letters stand somewhere in them.
    source = re.sub(r'base64,[^"]*', '', path.read_text())
    assert not re.search(r'@import|url\(|<script|http', source)
    assert path.stat().st_size < 4_000_000
    for wanted in (
        *('6 steps seen', 'cadence', 'Who is who', 'person_1', 'person_2', 'Knee flexion'),
        *('symmetry index', 'cut off', 'The camera is a guess', 'biopose_ros', 'smoothing'),
        *('What the angles mean', 'standard deviation of 246 healthy adults'),
    ):
        assert wanted in text
    # Behind both sides' curves of hip, knee and ankle, of the one person who walks.
    panels = re.findall(r'<svg class="chart".*?</svg>', path.read_text())
    normal = [panel for panel in panels if 'band reference' in panel]
    names = [re.search('aria-label="(.*?) over the gait cycle', panel)[1] for panel in normal]
    assert names == ['Hip flexion', 'Knee flexion', 'Ankle']


@pytest.mark.skipif(CHROMIUM is None, reason='needs a browser: apt install chromium')
def test_a_browser_shows_it_and_prints_it(walk, tmp_path):
    picture, paper = tmp_path / 'page.png', tmp_path / 'page.pdf'
    for output in (f'--screenshot={picture}', f'--print-to-pdf={paper}'):
        command = [
            CHROMIUM,
            '--headless=new',
            '--no-sandbox',
            '--disable-gpu',
            '--hide-scrollbars',
        ]
        command += [f'--user-data-dir={tmp_path / "profile"}', '--window-size=1200,2400', output]
        subprocess.run([*command, (walk / 'report.html').as_uri()], check=True, timeout=200,
                       capture_output=True)  # fmt: skip
    shown = cv2.imread(str(picture))
    assert shown.shape == (2400, 1200, 3)
    right, left = (0, 90, 199), (178, 114, 0)  # the colours of both sides, blue green red
    for colour in (right, left):
        assert np.abs(shown.astype(int) - colour).max(axis=-1).min() < 12
    rows = (np.abs(shown.astype(int) - 255).max(axis=-1) > 20).any(axis=1)
    # Filled to the bottom, not a blank page; how dense it is depends on the fonts.
    assert all(band.mean() > 0.3 for band in np.array_split(rows, 8))
    assert paper.read_bytes().startswith(b'%PDF')
    pages = len(re.findall(rb'/Type\s*/Page\b', paper.read_bytes()))
    assert 3 <= pages <= 12


def test_pictures_that_are_gone_are_told_of(run, tmp_path):
    folder = tmp_path / 'moved'
    shutil.copytree(run(SQUATS), folder)
    summary = folder / 'summary.json'
    summary.write_text(summary.read_text().replace('pose_squats.mp4', 'gone.mp4'))
    assert 'report.html' in biopose('report', folder)
    text = ' '.join(Page(folder / 'report.html').text)
    assert 'gone.mp4 is not there any more; --video FILE brings the pictures' in text
    biopose('report', folder, '--video', SQUATS)
    assert 'Who is who' in ' '.join(Page(folder / 'report.html').text)


def test_a_folder_without_results_is_told(tmp_path):
    outcome = CliRunner().invoke(app, ['report', str(tmp_path)])
    assert outcome.exit_code == 1
    assert 'no summary.json; give the folder that biopose run wrote' in outcome.output
