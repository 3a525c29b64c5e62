"""Writes a GGUF file, version 3, with tensors in F32 and Q8_0, and reads it back."""

import struct

import numpy as np

ALIGN = 32
F32, Q8_0 = 0, 8


def string(s):
    b = s.encode()
    return struct.pack("<Q", len(b)) + b


def value(v):
    if isinstance(v, bool):
        return struct.pack("<IB", 7, v)
    if isinstance(v, int):
        return struct.pack("<II", 4, v)
    if isinstance(v, float):
        return struct.pack("<If", 6, v)
    if isinstance(v, str):
        return struct.pack("<I", 8) + string(v)
    if isinstance(v[0], str):
        return struct.pack("<IIQ", 9, 8, len(v)) + b"".join(map(string, v))
    return struct.pack("<IIQ", 9, 5, len(v)) + struct.pack(f"<{len(v)}i", *v)


def q8_0(x):
    """Blocks of 32 values: a float16 scale and 32 int8."""
    blocks = x.reshape(-1, 32).astype(np.float32)
    scale = (np.abs(blocks).max(axis=1) / 127).astype(np.float16)
    inverse = np.where(scale > 0, 1 / np.maximum(scale.astype(np.float32), 1e-12), 0)
    q = np.clip(np.rint(blocks * inverse[:, None]), -127, 127).astype(np.int8)
    out = np.empty((len(blocks), 34), np.uint8)
    out[:, :2] = scale.view(np.uint8).reshape(-1, 2)
    out[:, 2:] = q.view(np.uint8)
    return out.tobytes()


def write(path, meta, tensors):
    """Tensors are (name, array), rows last axis; vectors stay F32."""
    table, data = b"", b""
    for name, x in tensors:
        kind, raw = (F32, x.astype("<f4").tobytes()) if x.ndim == 1 else (Q8_0, q8_0(x))
        dims = x.shape[::-1]
        table += string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(data))
        data += raw + bytes(-len(raw) % ALIGN)
    keys = b"".join(string(k) + value(v) for k, v in meta.items())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(meta)) + keys + table
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % ALIGN) + data)


def read(path):
    """The metadata and tensors of a file that write has written."""
    with open(path, "rb") as f:
        raw = f.read()
    at = 8

    def take(form):
        nonlocal at
        v = struct.unpack_from("<" + form, raw, at)
        at += struct.calcsize("<" + form)
        return v

    def text():
        nonlocal at
        (n,) = take("Q")
        at += n
        return raw[at - n : at].decode()

    def one(kind):
        return text() if kind == 8 else take({4: "I", 5: "i", 6: "f", 7: "?"}[kind])[0]

    tensors, keys = take("QQ")
    meta, table = {}, []
    for _ in range(keys):
        name, (kind,) = text(), take("I")
        if kind == 9:
            inner, n = take("IQ")
            meta[name] = [one(inner) for _ in range(n)]
        else:
            meta[name] = one(kind)
    for _ in range(tensors):
        name, (dims,) = text(), take("I")
        shape = take(f"{dims}Q")[::-1]
        table.append((name, shape, *take("IQ")))
    start = at + -at % ALIGN
    out = {}
    for name, shape, kind, off in table:
        n = int(np.prod(shape))
        if kind == F32:
            out[name] = np.frombuffer(raw, "<f4", n, start + off).copy()
            continue
        blocks = np.frombuffer(raw, np.uint8, n // 32 * 34, start + off).reshape(-1, 34)
        scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        out[name] = (blocks[:, 2:].copy().view(np.int8) * scale).reshape(shape)
    return meta, out
