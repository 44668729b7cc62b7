"""Reads the records of a file (base64 of gzip of an envelope, one a line) as a plain Python function
would: decompress, parse, drop repeated ids. Prints the seconds on the core that ROUNDS rounds took,
without reading the file.

usage: floor.py FILE ROUNDS
"""

import base64
import gzip
import json
import sys
import time


def read(records):
    seen = set()
    events = 0
    for record in records:
        envelope = json.loads(gzip.decompress(record))
        for event in envelope["logEvents"]:
            if event["id"] not in seen:
                seen.add(event["id"])
                events += 1
    return events


def main():
    with open(sys.argv[1], "rb") as file:
        records = [base64.b64decode(line) for line in file]
    start = time.process_time()
    for _ in range(int(sys.argv[2])):
        read(records)
    print(time.process_time() - start)


if __name__ == "__main__":
    main()
