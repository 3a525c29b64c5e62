"""Byte-level byte-pair encoding, as tokenizers of the kind "gpt2" in GGUF
files have it, with the pre-tokenizer "gpt-2"."""

import collections
import functools
import re

# \p{L} and \p{N} are as in GPT-2 for all that the corpus holds.
SPLIT = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def alphabet():
    """The printable letter that stands for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, n = {}, 0
    for b in range(256):
        letters[b] = chr(b) if b in plain else chr(256 + n)
        n += b not in plain
    return letters


LETTERS = alphabet()


def pieces(text):
    return ["".join(LETTERS[b] for b in w.encode()) for w in SPLIT.findall(text)]


class Tokenizer:
    def __init__(self, merges, control):
        self.merges = merges
        self.rank = {m: i for i, m in enumerate(merges)}
        self.tokens = [LETTERS[b] for b in range(256)] + [a + b for a, b in merges] + control
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.word = functools.cache(self.merge)

    def merge(self, word, drop=0.0, rng=None):
        """The tokens of a piece. With drop, a merge is left out now and then,
        so that a model sees a word in more than one form."""
        parts = list(word)
        while len(parts) > 1:
            best, at = None, -1
            for i in range(len(parts) - 1):
                r = self.rank.get((parts[i], parts[i + 1]))
                if r is not None and (best is None or r < best) and not (drop and rng.random() < drop):
                    best, at = r, i
            if best is None:
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self.ids[p] for p in parts]

    def encode(self, text, drop=0.0, rng=None):
        out = []
        for p in pieces(text):
            out += self.merge(p, drop, rng) if drop else self.word(p)
        return out


def learn(counts, size):
    """Learns merges until there are size tokens, from how often each piece
    occurs."""
    words = [(list(w), n) for w, n in sorted(counts.items())]
    merges = []
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for k, (w, n) in enumerate(words):
        for p in zip(w, w[1:]):
            pairs[p] += n
            where[p].add(k)
    while len(merges) + 256 < size and pairs:
        best = max(pairs, key=lambda p: (pairs[p], p))
        if pairs[best] < 2:
            break
        merges.append(best)
        for k in sorted(where.pop(best)):
            w, n = words[k]
            for p in zip(w, w[1:]):
                pairs[p] -= n
            i = 0
            while i < len(w) - 1:
                if (w[i], w[i + 1]) == best:
                    w[i : i + 2] = [w[i] + w[i + 1]]
                i += 1
            for p in zip(w, w[1:]):
                pairs[p] += n
                where[p].add(k)
        del pairs[best]
    return merges
