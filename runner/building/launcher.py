"""Runs inside a build sandbox: `python -I -S launcher.py '<json>'`.

Joins the control groups, makes the proxy's listener and passes it out,
becomes the build's user and runs the commands in turn. Standard library
only; it imports nothing of Virga.
"""

import array
import json
import os
import resource
import socket
import subprocess
import sys

PROXY_PORT = 3128


def main(text: str) -> int:
    """Run what the JSON says; the exit code of the first command that fails."""
    order = json.loads(text)
    for descriptor in order["groups"]:
        os.write(descriptor, b"0")
        os.close(descriptor)
    hand_out_listener(order["channel"])
    for name, value in order["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    if order["user"] is not None:
        os.setgroups([])
        os.setresgid(order["user"], order["user"], order["user"])
        os.setresuid(order["user"], order["user"], order["user"])
    os.umask(0o022)
    for command in order["commands"]:
        code = subprocess.call(
            command["arguments"],
            cwd=command["folder"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
        )
        if code and not command["may_fail"]:
            return code if code > 0 else 128 - code
    return 0


def hand_out_listener(descriptor: int) -> None:
    """Listen on this network namespace's loopback; whoever holds the socket accepts outside."""
    with socket.socket(fileno=descriptor) as channel, socket.socket() as listener:
        listener.bind(("127.0.0.1", PROXY_PORT))
        listener.listen(64)
        handles = array.array("i", [listener.fileno()])
        channel.sendmsg([b"L"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handles)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
