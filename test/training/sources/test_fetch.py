"""Data from a real git repository on this machine, in place of the public ones."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.training.motion.recordings import read_recordings
from biopose_ros.training.sources.anthropometry import convert_survey
from biopose_ros.training.sources.catalogue import Catalogue, read_catalogue
from biopose_ros.training.sources.fetch import FetchError, fetch_missing, take_from

EXCERPTS = Path(__file__).with_name('excerpts')


def git(folder, *arguments):
    identity = ('-c', 'user.name=x', '-c', 'user.email=x@example.org')
    command = ['git', '-C', str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A host with one repository; git goes there for everything on github.com."""
    place = tmp_path / 'hub' / 'some' / 'walks.git'
    place.mkdir(parents=True)
    git(place, 'init', '--quiet')
    git(place, 'config', 'uploadpack.allowFilter', 'true')
    git(place, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
    for name in ('08.asf', '08_01.amc'):
        (place / name).write_text((EXCERPTS / name).read_text())
    git(place, 'add', '.')
    git(place, 'commit', '--quiet', '-m', 'Walks')
    commit = git(place, 'rev-parse', 'HEAD')
    (place / '08_01.amc').write_text('changed later')
    git(place, 'commit', '--quiet', '-am', 'Change')
    monkeypatch.setenv('GIT_CONFIG_COUNT', '1')
    monkeypatch.setenv('GIT_CONFIG_KEY_0', f'url.file://{tmp_path}/hub/.insteadOf')
    monkeypatch.setenv('GIT_CONFIG_VALUE_0', 'https://github.com/')
    return commit


def catalogue(folder, commit, sha256):
    values = {
        'repositories': {'some/walks': {'commit': commit, 'licence': 'MIT'}},
        'files': {
            'motion/walks.npz': {
                'converter': 'acclaim',
                'sha256': sha256,
                'clips': {
                    '08_01': {'file': 'some/walks:08_01.amc', 'skeleton': 'some/walks:08.asf'}
                },
            }
        },
    }
    (folder / 'catalogue.yaml').write_text(yaml.safe_dump(values))
    return read_catalogue(folder / 'catalogue.yaml')


def digest():
    texts = ((EXCERPTS / name).read_bytes() for name in ('08.asf', '08_01.amc'))
    return hashlib.sha256(b''.join(texts)).hexdigest()


def test_files_of_the_wanted_commit_are_converted_and_kept(hub, tmp_path):
    lines, out = [], tmp_path / 'data'
    wanted = catalogue(tmp_path, hub, digest())
    fetch_missing(wanted, out, lines.append)
    (recording,) = read_recordings(out / 'motion' / 'walks.npz')
    assert recording.name == 'walks/08_01'
    assert f'fetching 2 files of some/walks at {hub}' in lines[1]
    note = json.loads((out / 'SOURCES.json').read_text())
    assert note['motion/walks.npz'] == [{'name': 'some/walks', 'commit': hub, 'licence': 'MIT'}]
    fetch_missing(wanted, out, lines.append)
    assert lines[-1] == '1 of 1 files are there'
    (out / 'motion' / 'walks.npz').unlink()  # stopped after fetching
    fetch_missing(wanted, out, lines.append)
    assert lines[-1] == 'motion/walks.npz: converting 1 acclaim sources'


def test_other_sources_than_promised_are_refused(hub, tmp_path):
    wrong = catalogue(tmp_path, hub, 'f' * 64)
    with pytest.raises(ValueError, match=r'motion/walks\.npz: its sources have the checksum'):
        fetch_missing(wrong, tmp_path / 'data')
    assert not (tmp_path / 'data' / 'motion' / 'walks.npz').exists()


def test_a_repository_that_is_not_there_is_told_with_the_remedy(hub, tmp_path):
    absent = catalogue(tmp_path, '0' * 40, digest())
    with pytest.raises(FetchError, match=r'walks\.git at 0{40}: .*--from FOLDER'):
        fetch_missing(absent, tmp_path / 'data')


def test_what_lies_elsewhere_is_taken(tmp_path):
    there = tmp_path / 'there'
    (there / 'motion').mkdir(parents=True)
    np.savez(there / 'motion' / 'own.npz', x=1)
    assert take_from(there, tmp_path / 'out') == ['motion/own.npz']
    assert take_from(there, tmp_path / 'out') == []
    with pytest.raises(FetchError, match='holds no motion'):
        take_from(there / 'motion', tmp_path / 'out')


def test_a_full_folder_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', '')  # no git either
    there = tmp_path / 'there'
    for file in read_catalogue().files:
        (there / file.name).parent.mkdir(parents=True, exist_ok=True)
        (there / file.name).write_bytes(b'as it was')
    arguments = ['data', 'fetch', str(tmp_path / 'out'), '--from', str(there)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert (tmp_path / 'out' / 'motion' / 'deepmimic.npz').read_bytes() == b'as it was'


def test_shipped_catalogue_names_exact_sources():
    shipped: Catalogue = read_catalogue()
    for repository in shipped.repositories.values():
        assert re.fullmatch('[0-9a-f]{40}', repository.commit)
        assert repository.licence
    for file in shipped.files:
        assert re.fullmatch('[0-9a-f]{64}', file.sha256)
        assert {source.repository for source in file.sources} <= shipped.repositories.keys()


def test_survey_keeps_measures_and_drops_the_person(tmp_path):
    shipped = Path(__file__).resolve().parents[4] / 'shared/data/reference/ansur2_segments.csv'
    if not shipped.exists():
        pytest.skip(f'needs {shipped.name}')
    names = shipped.open().readline().strip()
    measures = [name.removesuffix('_mm') for name in names.split(',')[3:]]
    source = tmp_path / 'survey.csv'
    header = ['subjectid', *measures, 'weightkg', 'Gender', 'Age', 'Installation']
    row = ['10027', *map(str, range(len(measures))), '815', 'Male', '41', 'Fort Hood']
    source.write_text(','.join(header) + '\n' + ','.join(row) + '\n')
    convert_survey(source, tmp_path / 'out.csv')
    lines = (tmp_path / 'out.csv').read_text().splitlines()
    assert lines[0] == names
    assert lines[1] == 'M,41,81.5,' + ','.join(map(str, range(len(measures))))
    source.write_text('a,b\n1,2\n')
    with pytest.raises(ValueError, match="no column 'gender'; not the ANSUR II survey"):
        convert_survey(source, tmp_path / 'out.csv')
