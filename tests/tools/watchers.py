#!/usr/bin/env python3
"""watchers.py PORT TOKEN COUNT: that many clients on the event stream of a monitor.

Prints "ready" once all are connected, and after the message that closes a cycle has reached each of
them the ids of moves and messages that the first one got, "MOVES MESSAGES" as comma-separated lists.
Exit code 1, with words, where one of them got others, or not the same in the same order.
"""
import json
import selectors
import socket
import sys
import time

PATIENCE = 60


class Client:
    def __init__(self, port, token):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        self.raw, self.text, self.head = b"", b"", True
        self.hello = self.closed = False
        self.moves, self.messages = [], []

    def take(self):
        got = self.socket.recv(65536)
        if not got:
            raise SystemExit("a stream ended")
        self.raw += got
        if self.head:
            if b"\r\n\r\n" not in self.raw:
                return
            status, self.raw = self.raw.split(b"\r\n\r\n", 1)
            if b" 200 " not in status.split(b"\r\n")[0]:
                raise SystemExit(status.decode())
            self.head = False
        self.unchunk()
        while b"\n\n" in self.text:
            event, self.text = self.text.split(b"\n\n", 1)
            self.event(dict(line.split(": ", 1) for line in event.decode().split("\n") if ": " in line))

    def unchunk(self):
        while b"\r\n" in self.raw:
            size, rest = self.raw.split(b"\r\n", 1)
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.text += rest[:length]
            self.raw = rest[length + 2:]

    def event(self, fields):
        kind = fields.get("event")
        if kind == "hello":
            self.hello = True
        elif kind == "reset":
            raise SystemExit("a stream was reset")
        elif kind == "move":
            self.moves.append(json.loads(fields["data"])["id"])
        elif kind == "message":
            data = json.loads(fields["data"])
            self.messages.append(data["id"])
            self.closed |= " closed: " in data["text"]


def read_until(clients, test):
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    end = time.monotonic() + PATIENCE
    while not all(test(client) for client in clients):
        if time.monotonic() > end:
            raise SystemExit(f"{sum(not test(c) for c in clients)} clients wait in vain")
        for key, _ in selector.select(1):
            key.data.take()


def main():
    port, token, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    clients = [Client(port, token) for _ in range(count)]
    read_until(clients, lambda client: client.hello)
    print("ready", flush=True)
    read_until(clients, lambda client: client.closed)
    first = clients[0]
    for client in clients:
        if client.moves != first.moves or client.messages[:len(first.messages)] != first.messages[:len(client.messages)]:
            raise SystemExit(f"two clients got different events: {client.moves} {first.moves}")
    print(",".join(map(str, first.moves)), ",".join(map(str, first.messages)))


main()
