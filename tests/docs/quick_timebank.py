"""A `timebank` that starts at once: a process that has loaded the program forks for every call.

Loading the program takes longer than most commands, and the documents have a hundred of them. Each call
still has its own process, folder, environment and streams; only the loading is shared.
"""

import json
import os
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread

CLIENT = f"""#!{sys.executable} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({{address!r}})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    line.sendall(asked)
    told = line.recv(8)
sys.exit(int(told) if told else 70)
"""


def write_client(folder: Path, address: str) -> None:
    """Put a command `timebank` into a folder that asks the process at `address`."""
    client = folder / "timebank"
    client.write_text(CLIENT.format(address=address), encoding="utf-8")
    client.chmod(0o755)


def serve(address: str) -> None:
    """Load the program, say so, and fork for every call.

    It is noon when it begins: at night, help that has just been given began the day before somebody joined.
    """
    from timebank.cli.main import main
    from timebank.clock import SystemClock

    now = SystemClock.now
    begun = now(SystemClock())
    later = begun.replace(hour=12, minute=0) - begun
    SystemClock.now = lambda self: now(self) + later  # type: ignore[method-assign]

    import_module("timebank.services.bank")  # the database library: a command loads it when it needs it
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            line, _ = door.accept()
            if os.fork() == 0:
                size, streams, _, _ = socket.recv_fds(line, 8, 3)
                asked = b""
                while len(asked) < int.from_bytes(size, "big"):
                    asked += line.recv(1 << 16)
                arguments, folder, environment = json.loads(asked)
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                os.chdir(folder)
                os.environ.clear()
                os.environ.update(environment)
                Thread(target=end_with, args=(line,), daemon=True).start()
                status = main(arguments)
                sys.stdout.flush()
                sys.stderr.flush()
                line.sendall(str(int(status)).encode())
                os._exit(0)
            line.close()


def end_with(line: socket.socket) -> None:
    """End this process when whoever called it was killed."""
    if not line.recv(1):
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    serve(sys.argv[1])
