#!/usr/bin/env python3
"""Checks a proof of `sudare ledger prove RECORD` without sudare: check-proof.py PROOF ledger.pub

Needs Python 3 and openssl 3. The formats are C2SP's tlog-proof, tlog-checkpoint and signed-note; the hashing is that
of RFC 9162, section 2.1. Prints the record and exits with 0 when everything holds, else says why not and exits with 1.
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def signed(key_text, note):
    """The checkpoint's lines, when the key signed them (C2SP signed-note, Ed25519)."""
    name, key_id, key = key_text.strip().split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1 and key_id == sha256(name.encode(), b"\n", key)[:4].hex(), "the public key is no Ed25519 key"
    text, signatures = note.split("\n\n", 1)
    line = next(line for line in signatures.splitlines() if line.startswith("\u2014 " + name + " "))
    signature = base64.b64decode(line.split(" ")[2])
    assert signature[:4].hex() == key_id, "another key signed the checkpoint"
    with tempfile.TemporaryDirectory() as folder:
        parts = {"key": bytes.fromhex("302a300506032b6570032100") + key[1:], "text": (text + "\n").encode(), "sig": signature[4:]}
        for part, content in parts.items():
            with open(os.path.join(folder, part), "wb") as file:
                file.write(content)
        check = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -in text -sigfile sig"
        done = subprocess.run(check.split(), cwd=folder, capture_output=True)
    assert done.returncode == 0, "the checkpoint was changed after it was signed"
    return text.split("\n")


def root(index, size, leaf, path):
    """RFC 9162, section 2.1.3.2."""
    at, last = index, size - 1
    for hash in path:
        assert last > 0, "the proof is too long"
        if at % 2 == 1 or at == last:
            leaf = sha256(b"\x01", hash, leaf)
            while at % 2 == 0 and at > 0:
                at, last = at >> 1, last >> 1
        else:
            leaf = sha256(b"\x01", leaf, hash)
        at, last = at >> 1, last >> 1
    assert last == 0, "the proof is too short"
    return leaf


def main(proof_path, key_path):
    with open(proof_path, encoding="utf-8") as file, open(key_path, encoding="utf-8") as key:
        head, note = file.read().split("\n\n", 1)
        origin, size, tree_root, *_ = signed(key.read(), note)
    heading, *lines = head.split("\n")
    assert heading == "c2sp.org/tlog-proof@v1", "this is no tlog-proof"
    assert lines[0].startswith("extra "), "the proof holds no record: it was deleted"
    record = base64.b64decode(lines[0][6:])
    index, path = int(lines[1][len("index "):]), [base64.b64decode(line) for line in lines[2:]]
    # A record's hash is over its line before `,"hash"`, and is the entry that stands in the tree.
    entry = sha256(record[: record.rindex(b',"hash":')])
    said = json.loads(record)
    assert said["hash"] == entry.hex() and said["seq"] == index + 1, "the record was changed"
    assert index < int(size), "the record is not covered by the checkpoint"
    found = root(index, int(size), sha256(b"\x00", entry), path)
    assert found == base64.b64decode(tree_root), "the record is not in the tree that was signed"
    print(record.decode())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (AssertionError, ValueError, KeyError, IndexError, StopIteration, OSError, TypeError) as error:
        sys.exit(f"does not hold: {error}")
