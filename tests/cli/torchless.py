"""Commands that answer before torch is loaded."""

import json
import subprocess
import sys

CODE = """
import json, sys
from isthmus.cli.main import main
commands, slow = json.loads(sys.argv[1]), tuple(json.loads(sys.argv[2]))
statuses = []
for arguments in commands:
    sys.argv = ["isthmus", *arguments]
    try:
        statuses.append(main() or 0)
    except SystemExit as end:
        statuses.append(end.code or 0)
    loaded = [name for name in sys.modules if name.startswith(slow)]
    assert not loaded, (arguments, loaded[:3])
print()
print(json.dumps(statuses))
"""


def statuses(*commands, slow=("torch",)):
    """With which exit statuses they end, one after the other in a process of its own that loads nothing slow."""
    command = [sys.executable, "-c", CODE, json.dumps(commands), json.dumps(slow)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])
