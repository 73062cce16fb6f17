"""trace_read.py: a reader of traces in another language, written from docs/traces.md alone.

    trace_read.py FILE [--csv]     one line per operation; with --csv as the CSV it was imported from
"""
import struct
import sys

KINDS = ["insert", "update", "read", "scan", "read_at", "delete", "reopen", "crash", "measure"]


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        assert self.at + count <= len(self.data), "cut short"
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        n = self.number()
        return -((n + 1) // 2) if n & 1 else n // 2

    def text(self):
        return self.take(self.number())


def read(data):
    r = Reader(data[:-16])
    assert r.take(8) == b"BFTRACE\n"
    assert struct.unpack("<I", r.take(4)) == (1,)
    trace = {"keys": [], "class": b""}
    count = r.number()
    if count:
        trace["class"] = r.text()
    for _ in range(count):
        key = r.text()
        trace["keys"].append((key, [r.number() for _ in range(r.number())]))
    trace["dataset"], trace["seed"], trace["hash"] = r.text(), r.number(), r.take(16).hex()
    trace["files"], trace["bytes"] = r.number(), r.number()
    trace["retention"], trace["durability"], trace["batch"] = r.number(), r.text(), r.number()
    timed = r.number() & 1
    trace["phases"] = []
    for _ in range(r.number()):
        phase = dict(zip(("name", "workload", "options", "snapshot"), [r.text() for _ in range(4)]))
        phase.update(zip(("flags", "batch", "lanes", "count"), [r.number() for _ in range(4)]))
        trace["phases"].append(phase)
    newest, highest, live, last = [], [], set(), 0
    for phase in trace["phases"]:
        time, phase["ops"] = 0, []
        for _ in range(phase["count"]):
            head = r.number()
            op = {"kind": KINDS[head & 15], "lane": r.number() if head & 32 else 0}
            told = head & 16
            if op["kind"] in ("update", "read", "read_at", "delete"):
                op["file"] = last = last + r.signed()
            if op["kind"] == "insert":
                op["file"] = last = len(newest)
                op.update(version=0, content=r.signed() if told else 0)
                newest.append(0)
                highest.append(op["content"])
                live.add(last)
            elif op["kind"] == "update":
                newest[last] += 1
                content = highest[last] + 1 + (r.signed() if told else 0)
                op.update(version=newest[last], content=content)
                highest[last] = max(highest[last], content)
                live.add(last)
            elif op["kind"] == "read":
                op["version"] = newest[last] - (r.number() if told else 0)
            elif op["kind"] == "read_at":
                op.update(version=newest[last], at=r.number(), length=r.number())
            elif op["kind"] == "delete":
                op["version"] = newest[last]
                live.remove(last)
            elif op["kind"] == "scan":
                op["files"] = len(live)
            else:
                for field in ("file", "version", "content", "at", "length"):
                    op[field] = r.number()
            if timed:
                time += r.number()
                op["time"] = time
            phase["ops"].append(op)
    assert r.at == len(r.data), "something is left"
    return trace


def csv_line(trace, op):
    time = "%d.%09d" % divmod(op["time"], 10**9) if "time" in op else ""
    key, sizes = trace["keys"][op["file"]] if "file" in op else (b"", [])
    size = offset = length = ""
    word = {"insert": "put", "update": "put", "read": "get", "read_at": "get"}
    if op["kind"] in ("insert", "update"):
        size = sizes[op["content"]]
    if op["kind"] == "read_at":
        length = op["length"]
        offset = op["at"] * (sizes[op["version"]] - length + 1) >> 32
    return "%s,%s,%s,%s,%s,%s" % (
        time, word.get(op["kind"], op["kind"]), key.decode(), size, offset, length)


def main():
    with open(sys.argv[1], "rb") as file:
        trace = read(file.read())
    number = 0
    for phase in trace["phases"]:
        for index, op in enumerate(phase["ops"]):
            if "--csv" in sys.argv:
                print(csv_line(trace, op))
            else:
                print(phase["name"].decode(), index, number, op["kind"], op.get("version", ""))
            number += 1


main()
