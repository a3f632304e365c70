#!/usr/bin/python3
"""CIFAR-10 and CIFAR-100 in the packing that torchvision downloads (pickles of Python) are the images of the binary packing, and a
pickle that would run a program is refused without running it.

usage: cifar_packings.py TBFT
"""
import json
import os
import pickle
import subprocess
import sys
import tempfile

import numpy as np

TBFT = sys.argv[1]
RNG = np.random.RandomState(5)
COARSE = [4, 1, 14, 8, 0, 6, 7, 7, 18, 3]  # of the fine labels 0 to 9


def info(spec):
    done = subprocess.run([TBFT, "data", "info", "--json", "--dataset", spec], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def as_python_2_wrote_it(value):
    """Protocol 2 with strings of bytes, as in the published files: Python 3 writes them only through its Python pickler."""

    class Pickler(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)

        def save_bytes(self, data):
            self.write(b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + len(data).to_bytes(4, "little") + data)
            self.memoize(data)

        dispatch[bytes] = save_bytes

    import io

    out = io.BytesIO()
    Pickler(out, 2).dump(value)
    return out.getvalue()


WAYS = {
    "python 2": lambda value: as_python_2_wrote_it({key.encode(): item for key, item in value.items()}),
    "protocol 2": lambda value: pickle.dumps(value, 2),
    "protocol 5": lambda value: pickle.dumps(value, 5),
}


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def files(way, n, labels):
    """One file in the Python packing, and the same in the binary packing."""
    pixels = RNG.randint(0, 256, (n, 3072)).astype(np.uint8)
    value = {"batch_label": "one", "data": pixels, "filenames": ["x.png"] * n}
    value.update({key: [int(label) for label in column] for key, column in labels.items()})
    columns = [np.array(column, np.uint8)[:, None] for column in labels.values()]
    return WAYS[way](value), np.hstack(columns + [pixels]).tobytes()


def same(folder, python, binary, name, way):
    a, b = info(f"{name}:{folder}/{python}"), info(f"{name}:{folder}/{binary}")
    assert isinstance(a, dict) and isinstance(b, dict), (way, a, b)
    assert a["sha256"] == b["sha256"] and a["classes"] == b["classes"] and a["n"] == b["n"], (way, a, b)
    print(f"{name}, {way}: {a['n']} images, the same")


def main():
    for way in WAYS:
        with tempfile.TemporaryDirectory() as work:
            ten, binary = files(way, 10_000, {"labels": RNG.randint(0, 10, 10_000)})
            write(f"{work}/py/cifar-10-batches-py/test_batch", ten)
            write(f"{work}/py/cifar-10-batches-py/batches.meta", pickle.dumps({"label_names": []}))
            write(f"{work}/bin/test_batch.bin", binary)
            same(work, "py", "bin", "cifar10", way)
            same(work, "py/cifar-10-batches-py", "bin", "cifar10", way)
            fine = RNG.randint(0, 10, 10_000)
            hundred, binary = files(way, 10_000, {"coarse_labels": [COARSE[label] for label in fine], "fine_labels": fine})
            write(f"{work}/py100/cifar-100-python/test", hundred)
            write(f"{work}/bin100/cifar-100-binary/test.bin", binary)
            same(work, "py100", "bin100", "cifar100-super", way)
            if way != "protocol 2":
                continue
            assert info(f"{work}/py/cifar-10-batches-py")["dataset"].startswith("cifar10:"), "found by what is in the folder"

            class Hostile:
                def __reduce__(self):
                    return os.system, (f"touch {work}/executed",)

            good = pickle.loads(ten)
            bad = f"{work}/py/cifar-10-batches-py/test_batch"
            for what, value, said in (
                ("no pickle", b"hello", "test_batch"),
                ("cut short", ten[:-1000], "test_batch"),
                ("instead of pixels", pickle.dumps({**good, "data": Hostile()}), "no array 'data'"),
                ("too few labels", pickle.dumps({**good, "labels": good["labels"][1:]}), "no list 'labels' of 10000"),
                ("a label that is none", pickle.dumps({**good, "labels": [None] + good["labels"][1:]}), "has at 0 what is no label"),
                ("a label of CIFAR-100", pickle.dumps({**good, "labels": [10] + good["labels"][1:]}), "record 0 has label 10"),
                ("floats", pickle.dumps({**good, "data": good["data"].astype(np.float32)[:500]}), "no array 'data'"),
                ("column by column", pickle.dumps({**good, "data": np.asfortranarray(good["data"])}), "row by row"),
                ("too few images", pickle.dumps({**good, "data": good["data"][1:]}), "no array 'data' of 10000 x 3072"),
                ("a list", pickle.dumps([1, 2]), "not a dict"),
            ):
                write(bad, value)
                line = info(f"cifar10:{work}/py")
                assert isinstance(line, str) and line.count("\n") == 1 and said in line and bad in line, (what, line)
            write(bad, pickle.dumps({**good, "filenames": Hostile()}))
            assert info(f"cifar10:{work}/py")["n"] == 10_000
            assert not os.path.exists(f"{work}/executed"), "the pickle ran a program"
            print("damaged and hostile files: one line each, nothing executed")


main()
