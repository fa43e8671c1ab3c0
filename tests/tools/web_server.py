"""A web server for tests, on a free port of the loopback.

    web_server.py PORT_FILE LOG BEHAVIOUR...

Each request takes the next behaviour (the last one stays) and is a line of JSON in LOG: path,
headers, body, behaviour. PORT_FILE gets the port once it listens. Behaviours: an HTTP status;
STATUS:WORDS, with the words as the answer's body; STATUS+SECONDS, with Retry-After; hang (no
answer); cut (the connection is closed without an answer); endless (a body that does not end).
"""
import json
import os
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

port_file, log, *behaviours = sys.argv[1:]
lock = threading.Lock()


def next_behaviour():
    with lock:
        return behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]


def note(handler, body, behaviour):
    line = json.dumps({
        "path": handler.path,
        "headers": {name.lower(): value for name, value in handler.headers.items()},
        "body": body,
        "behaviour": behaviour,
    })
    with lock, open(log, "a", encoding="utf-8") as file:
        file.write(line + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        behaviour = next_behaviour()
        note(self, body, behaviour)
        self.close_connection = True
        if behaviour == "hang":
            time.sleep(600)
        elif behaviour == "endless":
            self.answer(200, None, None, length=False)
            while True:
                self.wfile.write(b"more and more " * 1000)
        elif behaviour != "cut":
            status, _, words = behaviour.partition(":")
            status, _, seconds = status.partition("+")
            self.answer(int(status), words, seconds)

    def answer(self, status, words, seconds, length=True):
        self.send_response(status)
        if seconds:
            self.send_header("retry-after", seconds)
        if 300 <= status < 400:
            self.send_header("location", "/elsewhere")
        if length:
            self.send_header("content-length", str(len(words.encode())))
        self.end_headers()
        if words:
            self.wfile.write(words.encode())


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


with Server(("127.0.0.1", 0), Handler) as server:
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()
