"""Two servers send the same notifications, in the same order, for each of some hundred requests.

    keyspace_events.py PORT REFERENCE_PORT

Both servers run already and are empty. The requests are in keyspace_events.txt, one a line.
"""

import shlex
import socket
import sys
import time
from pathlib import Path

REQUESTS = Path(__file__).with_suffix(".txt")
MARK = "__key__mark"


class Client:
    """A connection that reads RESP2 replies."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        words = [word if isinstance(word, bytes) else word.encode() for word in words]
        bulks = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self.socket.sendall(b"*%d\r\n%s" % (len(words), bulks))

    def read(self):
        line = self.file.readline()
        assert line, "the server closed the connection"
        kind, value = line[:1], line[1:-2].decode("latin1")
        if kind == b"$":
            return self.file.read(int(value) + 2)[:-2].decode("latin1") if int(value) >= 0 else None
        if kind == b"*":
            return [self.read() for _ in range(max(int(value), 0))]
        return kind.decode() + value

    def call(self, *words):
        self.send(*words)
        return self.read()


def events_of(port):
    """The events of each request."""
    client, listener, marker = Client(port), Client(port), Client(port)
    client.call("CONFIG", "SET", "notify-keyspace-events", "KEAmn")
    listener.call("PSUBSCRIBE", "__key*")
    requests = REQUESTS.read_text().splitlines()
    for line in (line for line in requests if line and not line.startswith("#")):
        words = shlex.split(line)
        if words[0] == "SLEEP":
            time.sleep(float(words[1]))
        else:
            client.call(*words)
        marker.call("PUBLISH", MARK, "")
        events = []
        while (message := listener.read())[2] != MARK:
            events.append(f"{message[2]} {message[3]}")
        yield line, events


def main():
    ours, reference = (list(events_of(int(port))) for port in sys.argv[1:3])
    count = sum(len(events) for _, events in reference)
    differences = [pair for pair in zip(ours, reference) if pair[0] != pair[1]]
    for (line, got), (_, wanted) in differences:
        print(f"{line}\n  got    {got}\n  wanted {wanted}")
    print(f"{len(reference)} requests, {count} events, {len(differences)} differences")
    sys.exit(bool(differences) or count == 0)


main()
