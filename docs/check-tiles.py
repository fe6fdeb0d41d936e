#!/usr/bin/env python3
"""Checks an export of `sudare ledger export --tiles DIR` without sudare: check-tiles.py DIR ledger.pub [WITNESS-KEY]

Needs Python 3 and openssl 3. The layout is C2SP's tlog-tiles, the hashing that of RFC 9162, section 2.1. Every tile, every
bundle of entries and the checkpoint's signature are checked; with a witness's key (NAME+ID+KEY) its cosignature (C2SP
tlog-cosignature), too. Prints what holds and exits with 0, else says why not and exits with 1.
"""
import base64
import importlib.util
import os
import subprocess
import sys
import tempfile

spec = importlib.util.spec_from_file_location("check_proof", os.path.join(os.path.dirname(os.path.abspath(__file__)), "check-proof.py"))
proof = importlib.util.module_from_spec(spec)
spec.loader.exec_module(proof)
sha256, WIDTH = proof.sha256, 256


def name(number, width):
    """x001/x234/067, and .p/W behind it where a tile is not full."""
    text = f"{number % 1000:03}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03}/{text}"
    return text if width == WIDTH else f"{text}.p/{width}"


def read(folder, kind, number, width):
    with open(os.path.join(folder, "tile", kind, name(number, width)), "rb") as file:
        return file.read()


def tiles(folder, level, count):
    """All hashes of a level."""
    hashes = []
    for number in range((count + WIDTH - 1) // WIDTH):
        width = min(WIDTH, count - number * WIDTH)
        tile = read(folder, str(level), number, width)
        assert len(tile) == 32 * width, f"a tile of level {level} has another length"
        hashes += [tile[at : at + 32] for at in range(0, len(tile), 32)]
    return hashes


def root(hashes):
    """RFC 9162, section 2.1.1, from the hashes of leaves."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01", root(hashes[:split]), root(hashes[split:]))


def entries(folder, leaves):
    """How many leaves are hashes of entries that are there; bundles of deleted records are not."""
    there = 0
    for number in range((len(leaves) + WIDTH - 1) // WIDTH):
        width = min(WIDTH, len(leaves) - number * WIDTH)
        try:
            bundle = read(folder, "entries", number, width)
        except FileNotFoundError:
            continue
        for leaf in leaves[number * WIDTH : number * WIDTH + width]:
            length = int.from_bytes(bundle[:2], "big")
            entry, bundle = bundle[2 : 2 + length], bundle[2 + length :]
            assert sha256(b"\x00", entry) == leaf, "an entry is not the one that the tree was made of"
            there += 1
        assert not bundle, "a bundle has more entries than leaves"
    return there


def cosigned(key_text, note):
    """When the witness signed, in seconds (C2SP tlog-cosignature, Ed25519)."""
    witness, key_id, key = key_text.strip().split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 4 and key_id == sha256(witness.encode(), b"\n", key)[:4].hex(), "this is no Ed25519 key of a witness"
    text, signatures = note.split("\n\n", 1)
    line = next((line for line in signatures.splitlines() if line.startswith("\u2014 " + witness + " ")), None)
    assert line, "the witness did not sign the checkpoint"
    signature = base64.b64decode(line.split(" ")[2])
    assert signature[:4].hex() == key_id, "another key signed as the witness"
    time = int.from_bytes(signature[4:12], "big")
    with tempfile.TemporaryDirectory() as folder:
        message = f"cosignature/v1\ntime {time}\n{text}\n".encode()
        for part, content in {"key": bytes.fromhex("302a300506032b6570032100") + key[1:], "text": message, "sig": signature[12:]}.items():
            with open(os.path.join(folder, part), "wb") as file:
                file.write(content)
        check = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -in text -sigfile sig"
        assert subprocess.run(check.split(), cwd=folder, capture_output=True).returncode == 0, "the cosignature does not hold"
    return time


def main(folder, key_path, witness=None):
    with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as file, open(key_path, encoding="utf-8") as key:
        note = file.read()
        assert note.endswith("\n"), "the checkpoint was cut short"
        _, size, tree_root, *_ = proof.signed(key.read(), note)
    leaves = tiles(folder, 0, int(size))
    assert root(leaves) == base64.b64decode(tree_root), "the tiles are not the tree that was signed"
    below, level = leaves, 0
    while len(below) >= WIDTH:
        level, below = level + 1, [root(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)]
        assert tiles(folder, level, len(below)) == below, f"a tile of level {level} does not fit those below"
    told = f"records {size}, entries {entries(folder, leaves)}, levels {level + 1}"
    print(f"{told}, cosigned {cosigned(witness, note)}" if witness else told)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (AssertionError, ValueError, KeyError, IndexError, StopIteration, OSError, TypeError) as error:
        sys.exit(f"does not hold: {error}")
