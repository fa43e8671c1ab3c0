#!/usr/bin/python3
"""schema.py SCHEMA call|line FILE: prints for each line of FILE whether the schema takes it: ok, or
no and why."""
import json
import sys

import jsonschema


def once(pairs):
    """A JSON object whose keys each stand there once."""
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key twice")
    return dict(pairs)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    part = {"$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]}
    validator = jsonschema.Draft202012Validator(part)
    with open(sys.argv[3], encoding="utf-8") as file:
        for line in file:
            try:
                value = json.loads(line, object_pairs_hook=once)
            except ValueError as error:
                print("no", error)
                continue
            wrong = next(validator.iter_errors(value), None)
            print("no " + wrong.message if wrong else "ok")


main()
