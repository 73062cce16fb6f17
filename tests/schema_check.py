#!/usr/bin/python3
"""Validate the files of studies against results/schema/ with an independent validator.

    schema_check.py DIR...      manifest.json, every line of samples.jsonl and (where they are there)
                                of events.jsonl, bounds.json and summary.json of each study; and
                                the schemas themselves: valid, and naming the metrics of
                                results/metrics.def, no more and no fewer
    schema_check.py --as KIND FILE...   what a command printed (doctor, ...); - is standard input
    schema_check.py             the schemas alone
    schema_check.py --update    rewrite the schemas' lists of metrics from results/metrics.def

One line per violation on standard output; exit status 1 when there is one, 2 for wrong usage.
Needs python3-jsonschema (Debian), so run it as /usr/bin/python3.
"""
import json
import os
import re
import sys

import jsonschema

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEMA_DIR = os.path.join(ROOT, "results", "schema")
VERSIONS = {
    # kept in a study
    "manifest": 2, "sample": 2, "event": 1, "summary": 2, "bounds": 1,
    # printed by commands
    "doctor": 1, "compare": 2, "trend": 1, "plan": 1, "profile": 1, "twin": 1,
}
KINDS = tuple(VERSIONS)
SCOPES = ("phase", "snapshot", "run")
WHOLE_MAX = 2**53 - 1
METRIC_ROW = re.compile(
    r'^METRIC\((M_\w+), "(\w+)", (PHASE|SNAPSHOT|RUN), (COUNTER|TIMING), (LOWER|HIGHER|NEITHER), '
    r'"([^"]+)", "((?:[^"\\]|\\.)*)", "([^"]+)"\)$')


def read_metrics():
    """Rows of metrics.def as dicts, in order."""
    rows = []
    with open(os.path.join(ROOT, "results", "metrics.def"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.startswith("METRIC("):
                continue
            match = METRIC_ROW.match(line.rstrip("\n"))
            if match is None:
                sys.exit("results/metrics.def:%d: not a row this script understands" % number)
            keys = ("id", "name", "scope", "kind", "better", "unit", "formula", "where")
            rows.append(dict(zip(keys, match.groups())))
    return rows


def value_schema(row):
    """The JSON Schema of one metric's value: the rules of results/record_values.c."""
    schema = {"description": "%s [%s]; %s, measured by: %s" % (
        row["formula"].replace('\\"', '"'), row["unit"], row["kind"].lower(), row["where"])}
    if row["kind"] == "COUNTER" and row["where"] != "derived":
        schema.update(type="integer", minimum=0, maximum=WHOLE_MAX)
    elif row["id"] in ("M_WRITE_AMP", "M_GROWTH_BYTES_PER_VERSION", "M_GROWTH_EXPONENT"):
        schema.update(type="number")
    else:
        schema.update(type="number", minimum=0)
    return schema


def any_metric(rows):
    return {"description": "Name of a metric (results/metrics.def).",
            "enum": [r["name"] for r in rows]}


def metric_definitions(kind, rows):
    """What $defs of a schema must hold about metrics."""
    by_scope = {s: [r for r in rows if r["scope"] == s.upper()] for s in SCOPES}
    if kind == "sample":
        return {scope + "_values": {
            "description": "Metrics of a %s." % scope, "type": "object",
            "additionalProperties": False,
            "properties": {r["name"]: value_schema(r) for r in by_scope[scope]},
        } for scope in SCOPES}
    if kind == "summary":
        names = {scope + "_metric": {
            "description": "Metrics of a %s." % scope,
            "enum": [r["name"] for r in by_scope[scope]]} for scope in SCOPES}
        return dict(names, metric=any_metric(rows))
    if kind in ("compare", "trend", "profile"):
        return {"metric": any_metric(rows)}
    return {}


def schema_path(kind):
    return os.path.join(SCHEMA_DIR, kind + ".schema.json")


def load_schema(kind):
    with open(schema_path(kind), encoding="utf-8") as file:
        return json.load(file)


def update(rows):
    for kind in KINDS:
        schema = load_schema(kind)
        schema.get("$defs", {}).update(metric_definitions(kind, rows))
        with open(schema_path(kind), "w", encoding="utf-8") as file:
            json.dump(schema, file, indent=2, ensure_ascii=False)
            file.write("\n")


def refuse_constant(text):
    raise ValueError("%s is not JSON" % text)


def refuse_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def parse(text):
    """Python's parser, without its liberties."""
    return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_duplicates)


class Checker:
    def __init__(self):
        self.violations = 0
        self.documents = 0
        self.validators = {}

    def report(self, place, what):
        self.violations += 1
        print("%s: %s" % (place, " ".join(str(what).split())[:400]))

    def check_schemas(self, rows):
        for kind in KINDS:
            place = "results/schema/%s.schema.json" % kind
            schema = load_schema(kind)
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as error:
                self.report(place, error.message)
                continue
            self.validators[kind] = jsonschema.Draft202012Validator(schema)
            version = (kind, VERSIONS[kind])
            if schema.get("$id") != "urn:blobfront:schema:%s:%d" % version:
                self.report(place, "$id does not name the schema and its version")
            if schema["properties"]["schema"].get("const") != "blobfront/%s/%d" % version:
                self.report(place, "\"schema\" is not the constant of this version")
            for name, wanted in metric_definitions(kind, rows).items():
                self.check_definition(place, name, schema.get("$defs", {}).get(name), wanted)

    def check_definition(self, place, name, found, wanted):
        if found == wanted:
            return
        found_names = set((found or {}).get("properties", (found or {}).get("enum", ())))
        wanted_names = set(wanted.get("properties", wanted.get("enum", ())))
        for metric in sorted(wanted_names - found_names):
            self.report(place, "$defs/%s lacks the metric %s" % (name, metric))
        for metric in sorted(found_names - wanted_names):
            self.report(place, "$defs/%s has %s, which is no such metric" % (name, metric))
        if found_names == wanted_names:
            self.report(place, "$defs/%s differs from results/metrics.def (run --update)" % name)

    def check_document(self, kind, place, text):
        self.documents += 1
        try:
            document = parse(text)
        except ValueError as error:
            self.report(place, "not JSON: %s" % error)
            return None
        if kind in self.validators:
            for error in self.validators[kind].iter_errors(document):
                self.report(place, "%s: %s" % (error.json_path, error.message))
        return document

    def check_file(self, kind, path, optional=False):
        try:
            with open(path, encoding="utf-8", newline="") as file:
                return self.check_document(kind, path, file.read())
        except FileNotFoundError as error:
            if not optional:
                self.report(path, error.strerror)
        except (OSError, UnicodeDecodeError) as error:
            self.report(path, error)
        return None

    def check_lines(self, kind, path, optional=False):
        try:
            with open(path, encoding="utf-8", newline="\n") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            if not (optional and isinstance(error, FileNotFoundError)):
                self.report(path, error)
            return
        if text and not text.endswith("\n"):
            self.report(path, "the last line is torn")
        for number, line in enumerate(text.split("\n")[:-1], 1):
            self.check_document(kind, "%s:%d" % (path, number), line)

    def check_study(self, folder):
        self.check_file("manifest", os.path.join(folder, "manifest.json"))
        self.check_lines("sample", os.path.join(folder, "samples.jsonl"))
        self.check_lines("event", os.path.join(folder, "events.jsonl"), optional=True)
        self.check_file("bounds", os.path.join(folder, "bounds.json"), optional=True)
        self.check_file("summary", os.path.join(folder, "summary.json"), optional=True)


def main(arguments):
    rows = read_metrics()
    if arguments == ["--update"]:
        update(rows)
        return 0
    kind = None
    if len(arguments) > 2 and arguments[0] == "--as" and arguments[1] in KINDS:
        kind, arguments = arguments[1], arguments[2:]
    if any(a.startswith("-") and a != "-" for a in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    checker = Checker()
    checker.check_schemas(rows)
    for path in arguments:
        if kind:
            checker.check_file(kind, "/dev/stdin" if path == "-" else path)
        else:
            checker.check_study(path)
    if checker.violations == 0:
        print("ok: %d schemas, %d documents" % (len(KINDS), checker.documents))
    return 1 if checker.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
