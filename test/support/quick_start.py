"""The quick starts of the documentation, run as a reader types them."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL = 'make venv'  # the environment that runs these tests is one


def run_quick_start(reader, clone):
    """Run the commands of a page in a folder that holds walk.mp4, after the install step."""
    page = (ROOT / 'docs' / f'{reader}.md').read_text()
    block = re.search(r'^## Quick start\n.*?^```sh\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    install, *commands = block.group(1).splitlines()
    assert install == INSTALL
    (clone / '.venv').symlink_to(sys.prefix)
    outputs = []
    for command in commands:
        ran = subprocess.run(
            ['bash', '-c', command],
            cwd=clone,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
        )
        logs = ''.join(path.read_text() for path in clone.rglob('*.log'))
        assert ran.returncode == 0, f'{command}\n{ran.stdout}{ran.stderr}{logs}'
        outputs.append(ran.stdout)
    return outputs
