"""Trains the guide and writes guide.gguf: see README.md."""

import argparse
import collections
import hashlib
import math
import pathlib
import random
import time

import torch
import torch.nn.functional as F

import bpe
import gguffile
from corpus import Corpus

HERE = pathlib.Path(__file__).parent
ASK, TELL, END = "<|ask|>", "<|tell|>", "<|end|>"
# Only the last question is put to the model, in lower case and cut short: it
# was trained on single questions, and does better so than with a history.
TEMPLATE = (
    "{%- set ns = namespace(q='') -%}"
    "{%- for m in messages -%}{%- if m['role'] == 'user' -%}{%- set ns.q = m['content'] -%}{%- endif -%}{%- endfor -%}"
    "{{- '<|ask|> ' + (ns.q | trim | lower)[:240] -}}"
    "{%- if add_generation_prompt -%}{{- '<|tell|>' -}}{%- endif -%}"
)
CONTEXT = 512
FIRST = 6  # tokens of an answer that decide which it is
SHORT = 10  # tokens of an answer in the examples that only decide


def options():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=str(HERE / "guide.gguf"))
    p.add_argument("--steps", type=int, default=7000)
    p.add_argument("--minutes", type=float, default=1e9, help="end within this time, with fewer steps")
    p.add_argument("--resume", help="go on from a file that an earlier run left")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=0.02, help="of the matrices")
    p.add_argument("--vector-rate", type=float, default=4e-3, help="of embeddings and norms")
    p.add_argument("--width", type=int, default=128)
    p.add_argument("--layers", type=int, default=3)
    p.add_argument("--heads", type=int, default=4)
    p.add_argument("--inner", type=int, default=384)
    p.add_argument("--vocab", type=int, default=2048)
    p.add_argument("--bag", type=int, default=2000, help="steps of the warm start")
    p.add_argument("--short", type=float, default=0.75, help="share of the examples that end where it is clear which answer it is")
    p.add_argument("--polish", type=int, default=2500, help="steps of a second run, slower and in larger batches")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()


def tokenizer(corpus, size):
    counts = collections.Counter()
    for f in corpus.facts:
        for p in bpe.pieces(f["answer"]):
            counts[p] += 30
    for _ in range(20000):
        _, q = corpus.draw()
        counts.update(bpe.pieces(" " + q))
    return bpe.Tokenizer(bpe.learn(counts, size - 3), [ASK, TELL, END])


def rope(n, dim):
    angle = torch.outer(torch.arange(n).float(), 10000.0 ** (-torch.arange(0, dim, 2).float() / dim))
    return angle.cos(), angle.sin()


def turn(x, cos, sin):
    """Rotates neighbouring pairs, as the llama architecture does."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Norm(torch.nn.Module):
    def __init__(self, n):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(n))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


def linear(rows, cols, layers=1):
    m = torch.nn.Linear(cols, rows, bias=False)
    torch.nn.init.normal_(m.weight, std=0.02 / math.sqrt(layers))
    return m


class Layer(torch.nn.Module):
    def __init__(self, o):
        super().__init__()
        w, deep = o.width, 2 * o.layers
        self.heads = o.heads
        self.attn_norm, self.ffn_norm = Norm(w), Norm(w)
        self.attn_q, self.attn_k, self.attn_v = linear(w, w), linear(w, w), linear(w, w)
        self.attn_output = linear(w, w, deep)
        self.ffn_gate, self.ffn_up = linear(o.inner, w), linear(o.inner, w)
        self.ffn_down = linear(w, o.inner, deep)

    def forward(self, x, cos, sin, mask):
        b, n, w = x.shape
        h = self.attn_norm(x)
        q, k, v = (m(h).view(b, n, self.heads, -1).transpose(1, 2) for m in (self.attn_q, self.attn_k, self.attn_v))
        s = turn(q, cos, sin) @ turn(k, cos, sin).transpose(-1, -2) / math.sqrt(w // self.heads) + mask
        x = x + self.attn_output((s.softmax(-1) @ v).transpose(1, 2).reshape(b, n, w))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Model(torch.nn.Module):
    def __init__(self, o, vocab):
        super().__init__()
        self.embd = torch.nn.Embedding(vocab, o.width)
        torch.nn.init.normal_(self.embd.weight, std=0.02)
        self.layers = torch.nn.ModuleList(Layer(o) for _ in range(o.layers))
        self.norm = Norm(o.width)
        cos, sin = rope(CONTEXT, o.width // o.heads)
        self.cos, self.sin = cos, sin
        self.mask = torch.full((CONTEXT, CONTEXT), float("-inf")).triu(1)

    def forward(self, ids, wanted):
        """Logits at the positions that wanted marks."""
        n = ids.shape[1]
        x = self.embd(ids)
        for l in self.layers:
            x = l(x, self.cos[:n], self.sin[:n], self.mask[:n, :n])
        return self.norm(x[wanted]) @ self.embd.weight.T


def unit(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


def bag(model, examples, steps):
    """Warm start: words that ask for the same fact get embeddings that point
    the same way, from a classifier that sees a question as a bag of tokens.
    It costs a tenth of what the network would need to learn that. Layer 0
    begins as what the classifier was, a mean over the tokens so far."""
    embd = torch.nn.Parameter(torch.randn_like(model.embd.weight))
    head = torch.nn.Parameter(torch.zeros(len(examples.answers), embd.shape[1]))
    opt = torch.optim.Adam([embd, head], lr=1e-2)
    mean = 0.0
    for step in range(steps):
        for g in opt.param_groups:
            g["lr"] = 1e-2 * (1 - step / steps)
        rows = [examples.question() for _ in range(256)]
        n = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([ids + [0] * (n - len(ids)) for ids, _ in rows])
        mask = torch.tensor([[1.0] * len(ids) + [0.0] * (n - len(ids)) for ids, _ in rows])[..., None]
        pooled = (unit(embd[ids]) * mask).sum(1) / mask.sum(1)
        loss = F.cross_entropy(pooled @ head.T, torch.tensor([i for _, i in rows]))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 200 == 0:
            print(f"warm start {step + 1:5} loss {mean:.3f}", flush=True)
    with torch.no_grad():
        model.embd.weight.copy_(0.1 * unit(embd))
        first = model.layers[0]
        first.attn_v.weight.copy_(torch.eye(embd.shape[1]))
        first.attn_output.weight.add_(torch.eye(embd.shape[1]))


class Muon:
    """Momentum whose steps are made orthogonal (Jordan et al., 2024): matrices
    learn in a third of the steps that Adam takes here."""

    def __init__(self, params):
        self.params = [(p, torch.zeros_like(p)) for p in params]

    @torch.no_grad()
    def step(self, rate):
        for p, momentum in self.params:
            momentum.mul_(0.95).add_(p.grad)
            x = p.grad + 0.95 * momentum
            tall = x.shape[0] > x.shape[1]
            x = x.T if tall else x
            x = x / (x.norm() + 1e-7)
            for _ in range(5):  # Newton-Schulz
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
            x = x.T if tall else x
            p.mul_(1 - 0.01 * rate).sub_(x, alpha=rate * max(1, x.shape[0] / x.shape[1]) ** 0.5)
            p.grad = None


class Examples:
    def __init__(self, corpus, tok, rng, short):
        self.corpus, self.tok, self.rng, self.short = corpus, tok, rng, short
        self.answers = [tok.encode(f["answer"]) + [tok.ids[END]] for f in corpus.facts]

    def question(self):
        """The tokens of a question, and the fact that it asks for."""
        i, q = self.corpus.draw()
        drop = 0.1 if self.rng.random() < 0.3 else 0.0
        return [self.tok.ids[ASK]] + self.tok.encode(" " + q[:240], drop, self.rng) + [self.tok.ids[TELL]], i

    def one(self):
        """The tokens of an example and where its answer begins."""
        ids, i = self.question()
        a = self.answers[i]
        if self.rng.random() < self.short:  # to recite is soon learned, and costs most of the time
            a = a[:SHORT]
        return ids + a, len(ids)

    def batches(self, size):
        """Batches of examples of about the same length."""
        while True:
            pool = sorted((self.one() for _ in range(32 * size)), key=lambda e: len(e[0]))
            cut = [pool[i : i + size] for i in range(0, len(pool), size)]
            self.rng.shuffle(cut)
            for b in cut:
                n = max(len(e[0]) for e in b) - 1
                ids = torch.zeros(size, n, dtype=torch.long)
                want = torch.zeros(size, n, dtype=torch.long)
                weight = torch.zeros(size, n)
                for r, (e, start) in enumerate(b):
                    k = len(e) - 1
                    ids[r, :k] = torch.tensor(e[:-1])
                    want[r, start - 1 : k] = torch.tensor(e[start:])
                    weight[r, start - 1 : k] = 1
                    weight[r, start - 1 : start - 1 + FIRST] = 3
                yield ids, want, weight


def names(o):
    yield from (("token_embd", "embd"), ("output_norm", "norm"))
    for i in range(o.layers):
        for n in ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"):
            yield f"blk.{i}.{n}", f"layers.{i}.{n}"


def facts_sum(facts):
    """What a test compares with facts.toml, to tell when to train again."""
    return hashlib.sha256("".join(f"{f['name']}: {f['answer']}\n" for f in facts).encode()).hexdigest()


def export(o, model, tok, facts):
    state = {k: v.detach().numpy() for k, v in model.named_parameters()}
    kinds = [1] * (len(tok.tokens) - 3) + [3] * 3
    meta = {
        "general.architecture": "llama",
        "general.name": "guide",
        "general.description": "Explains Runnel, and nothing else.",
        "general.license": "mit",
        "general.file_type": 7,
        "guide.facts_sha256": facts_sum(facts),
        "general.quantization_version": 2,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": o.width,
        "llama.block_count": o.layers,
        "llama.feed_forward_length": o.inner,
        "llama.attention.head_count": o.heads,
        "llama.attention.head_count_kv": o.heads,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": o.width // o.heads,
        "llama.rope.freq_base": 10000.0,
        "llama.vocab_size": len(tok.tokens),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tok.tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": [f"{a} {b}" for a, b in tok.merges],
        "tokenizer.ggml.bos_token_id": tok.ids[ASK],
        "tokenizer.ggml.eos_token_id": tok.ids[END],
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": TEMPLATE,
    }
    gguffile.write(o.out, meta, [(g + ".weight", state[p + ".weight"]) for g, p in names(o)])


@torch.no_grad()
def right(model, examples, n):
    """The share of n fresh questions whose answer begins rightly."""
    model.eval()
    hits = 0
    for _ in range(n):
        e, start = examples.one()
        ids = torch.tensor([e[:-1]])
        wanted = torch.zeros_like(ids, dtype=torch.bool)
        wanted[0, start - 1 : start - 1 + SHORT] = True
        hits += bool((model(ids, wanted).argmax(-1) == torch.tensor(e[start : start + SHORT])).all())
    model.train()
    return hits / n


def train(o):
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    start = time.time()
    corpus, rng = Corpus(o.seed), random.Random(o.seed)
    meta, tensors = gguffile.read(o.resume) if o.resume else (None, None)
    if meta:
        tok = bpe.Tokenizer([tuple(m.split(" ")) for m in meta["tokenizer.ggml.merges"]], [ASK, TELL, END])
    else:
        tok = tokenizer(corpus, o.vocab)
    model = Model(o, len(tok.tokens))
    examples = Examples(corpus, tok, rng, o.short)
    print(f"{len(corpus.facts)} facts, {len(tok.tokens)} tokens, {sum(p.numel() for p in model.parameters())} parameters,"
          f" {sum(map(len, examples.answers))} tokens of answers", flush=True)
    if meta:
        model.load_state_dict({p + ".weight": torch.from_numpy(tensors[g + ".weight"]) for g, p in names(o)})
    else:
        bag(model, examples, o.bag)
    hidden = [p for n, p in model.named_parameters() if p.dim() > 1 and n != "embd.weight"]
    others = [p for n, p in model.named_parameters() if p.dim() == 1 or n == "embd.weight"]
    muon, adam = Muon(hidden), torch.optim.Adam(others, betas=(0.9, 0.98))
    mean = 0.0
    for step, (ids, want, weight) in enumerate(examples.batches(o.batch)):
        done = max(step / o.steps, (time.time() - start) / 60 / o.minutes)
        if done < 1:
            part = min(1, (step + 1) / 30) * min(1, 0.02 + 1.6 * (1 - done))  # the last five eighths fall in a line
            adam.param_groups[0]["lr"] = o.vector_rate * part
            wanted = weight > 0
            loss = F.cross_entropy(model(ids, wanted), want[wanted], reduction="none")
            loss = (loss * weight[wanted]).sum() / weight.sum()
            adam.zero_grad(set_to_none=True)
            loss.backward()
            muon.step(o.rate * part)
            adam.step()
            mean = loss.item() if not step else 0.95 * mean + 0.05 * loss.item()
        if (step + 1) % 25 == 0:
            print(f"{step + 1:6} loss {mean:.4f} rate {part:.3f} {time.time() - start:6.0f} s", flush=True)
        if (step + 1) % 200 == 0 or done >= 1:
            print(f"{step + 1:6} begin rightly {100 * right(model, examples, 200):.1f} %", flush=True)
            export(o, model, tok, corpus.facts)
        if done >= 1:
            break


def main():
    o = options()
    train(o)
    if not o.resume:
        again = dict(resume=o.out, steps=o.polish, rate=o.rate / 2, vector_rate=o.vector_rate / 2, batch=o.batch * 3 // 2, short=0.6, seed=o.seed + 1)
        train(argparse.Namespace(**{**vars(o), **again}))


main()
