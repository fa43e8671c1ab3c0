#!/usr/bin/env python3
"""openapi.py FILE URL TOKEN REQUESTS: holds a server against its OpenAPI description.

REQUESTS has a line for each request: METHOD PATH STATUS [BODY], PATH with its query. The path must be
described, the status be among its answers, the type among that status's types, and a JSON body must
fit the schema. Every operation must have been asked for at least once, with success.
"""
import json
import sys
import urllib.error
import urllib.request

import jsonschema


def main():
    file, url, token, requests = sys.argv[1:]
    described = json.load(open(file))
    asked, wrong = set(), []
    for line in open(requests):
        if not line.strip():
            continue
        method, path, status, *rest = line.rstrip("\n").split(" ", 3)
        problem = check(described, url, token, method, path, int(status), rest[0] if rest else None)
        if problem:
            wrong.append(f"{method} {path}: {problem}")
        elif int(status) < 300:
            asked.add((path.split("?")[0], method.lower()))
    for path, operations in described["paths"].items():
        wrong += [f"{m} {path}: never asked for" for m in operations if (path, m) not in asked]
    print("\n".join(wrong))
    return 1 if wrong else 0


def ask(url, token, method, path, body):
    headers = {"Authorization": "Bearer " + token}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url + path, body.encode() if body is not None else None, headers, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as refused:
        answer = refused
    kind = answer.headers["Content-Type"]
    # A stream of events never ends: what it begins with is enough.
    text = answer.read(64) if kind == "text/event-stream" else answer.read()
    return answer.status, kind, text.decode("utf-8", "replace")


def check(described, url, token, method, path, wanted, body):
    operation = described["paths"].get(path.split("?")[0], {}).get(method.lower())
    if not operation:
        return "not described"
    status, kind, text = ask(url, token, method, path, body)
    if status != wanted:
        return f"status {status}, not {wanted}: {text[:200]}"
    answer = operation["responses"].get(str(status))
    if not answer:
        return f"status {status} is not described"
    if kind not in answer["content"]:
        return f"type {kind} is not described"
    if kind != "application/json":
        return None
    schema = dict(answer["content"][kind]["schema"], components=described["components"])
    try:
        jsonschema.validate(json.loads(text), schema)
    except (ValueError, jsonschema.ValidationError) as error:
        return f"{error}"[:600]
    return None


sys.exit(main())
