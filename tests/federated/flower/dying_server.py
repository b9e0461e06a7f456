"""The ServerApp, which kills its process before a file gets its final name, or while clients work."""

import os
import signal
import threading
from pathlib import Path

from flwr.serverapp import ServerApp

from isthmus.federated.flower import server_app

MOMENT_FILE = "moment.txt"  # in the folder of the recipe: "rename 4" or "asking 4"
SECONDS = 0.2

app = ServerApp()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.main()
def main(grid, context):
    moment = Path(context.run_config["recipe"]).with_name(MOMENT_FILE).read_text()
    kind, number = moment.split()
    passed = 0

    def passing(at):
        nonlocal passed
        passed += at == kind
        return passed == int(number)

    replace, ask = Path.replace, grid.send_and_receive

    def replacing(self, target):
        if passing("rename"):
            die()
        return replace(self, target)

    def asking(messages, *, timeout=None):
        if passing("asking"):
            threading.Timer(SECONDS, die).start()
        return ask(messages, timeout=timeout)

    Path.replace, grid.send_and_receive = replacing, asking
    server_app.main(grid, context)
