"""A process that tails log files into a stream until it is killed. Usage: agent_worker.py FOLDER PATTERN."""

import sys
import threading

import kit


def main(folder: str, pattern: str) -> None:
    with kit.open(folder) as workspace:
        workspace.delivery.agent(filePattern=pattern, kinesisStream="lines", initialPosition="START_OF_FILE")
        sys.stdout.write("tailing\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
