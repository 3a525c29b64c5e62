"""The corpus: facts and the many ways to ask for them, as data files say. The
patterns of facts.toml are built of the words of the manual, those of asked.toml
are what people say who do not know them.

A pattern is text in which (a|b|) is any of the alternatives and {name} any
line of a list in words.toml or topics.toml, which may be a pattern itself.
"""

import json
import pathlib
import random
import re
import tomllib

HERE = pathlib.Path(__file__).parent

PREFIXES = """please |hi, |hello, |hey, |so |ok, |ok |and |um, |sorry, |quick question: |question: |a question: |can you tell me |
could you tell me |tell me |i want to know |i'd like to know |i would like to know |do you know |guide, |hey guide, |hello guide, |
just wondering, |i wonder |maybe you know |now |dear guide, |one more thing: |in runnel, |runnel: |with runnel, |in this program, |
i am new here. |i don't get it, |no idea |help! |stupid question, but |excuse me, |well, |then |but """.replace("\n", "").split("|")
SUFFIXES = """ please| thanks| thank you| in runnel| with runnel| in this program| here| in the chat| again| now| exactly| then| for me|
 in this app| in simple words| quickly| please help| thx| in the terminal| in this tool| on my machine| today""".replace("\n", "").split("|")
TAILS = """, what should i do|, any idea|, how|, help|. what can i do|. how|, is that ok|, why|, can you help|, right
|, or not|, is it|. any advice|, what do i do|. ideas|, please help""".replace("\n", "").split("|")
FILLERS = """just really actually simply somehow maybe always now currently quickly easily again still also only even ever
already exactly basically already properly myself directly right here there""".split()
OTHERS = """thing stuff way place side time bit part day point reason case fact work people man house nice old new good little
great own other large next early young few public bad same able first last long own right big high different small""".split()
OWN = {" in runnel", " with runnel", " in this program", " in the chat", " in this app", " in the terminal", " in this tool",
       "in runnel, ", "runnel: ", "with runnel, ", "in this program, "}
# Sentences around a keyword (#).
FRAMES = """#|#|#|what about #|how about #|question about #|i have a question about #|something about #|is there #|can it do #|i want #|i need #|i'd like #
|tell me about #|problem with #|trouble with #|where is #|why #|why is it #|does it have #|is # possible|# possible|how does # work|what is #|what's #
|what does # mean|i see #|it says #|it shows #|there is #|explain #|my #|how do i #|how can i #|can i #|can i have #|is it #|info on #|# here|# now|i mean #
|this # thing|and #|do you know #|does runnel #|will it #|what if #|when #|about #|so #|regarding #|with #|for #|how is #|show me #|i am looking for #|help with #""".replace("\n", "").split("|")
STOP = set("""a an the do does i is are my to of in for it can how what me you on with be or and this that please there
from when if would should could""".split())
NEAR = {"a": "sq", "e": "wr", "i": "uo", "o": "ip", "u": "yi", "t": "ry", "n": "bm", "s": "ad", "r": "et", "l": "k", "m": "n", "d": "sf",
        "c": "xv", "p": "o", "g": "fh", "h": "gj", "b": "vn", "k": "jl", "v": "cb", "f": "dg", "w": "qe", "y": "tu"}


def parse(text, words, depth=0):
    """Parses a pattern into nested lists: a list of alternatives, each a list
    of strings and of such lists."""
    if depth > 8:
        raise ValueError(f"a pattern that holds itself: {text}")
    at = 0

    def alternatives(inner):
        nonlocal at
        alts, part = [], []
        while at < len(text):
            c = text[at]
            if c == "(":
                at += 1
                part.append(alternatives(True))
            elif inner and c == ")":
                at += 1
                return alts + [part]
            elif inner and c == "|":
                at += 1
                alts, part = alts + [part], []
            elif c == "{":
                end = text.index("}", at)
                name, at = text[at + 1 : end], end + 1
                part.append(name if name == "random" else words(name, depth + 1))
                if name == "random":
                    part[-1] = RANDOM
            else:
                m = re.compile(r"[^({)|]+|.").match(text, at)
                part.append(m.group())
                at = m.end()
        if inner:
            raise ValueError(f"an open parenthesis: {text}")
        return alts + [part]

    return alternatives(False)


RANDOM = object()


def gibberish(rng):
    """A word that no list holds."""
    n = rng.randint(1, 3)
    return "".join(rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "s", "t", "l"]) for _ in range(n))


def expand(tree, rng):
    out = []
    for x in rng.choice(tree):
        out.append(x if isinstance(x, str) else gibberish(rng) if x is RANDOM else expand(x, rng))
    return "".join(out)


def count(tree):
    """In how many ways a pattern can be read, about."""
    total = 0
    for part in tree:
        n = 1
        for x in part:
            if isinstance(x, list):
                n *= count(x)
        total += n
    return total


def typo(word, rng):
    i = rng.randrange(len(word) - 1)
    kind = rng.randrange(5)
    if kind == 0:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[: i + 1] + word[i + 2 :]
    if kind == 2:
        return word[: i + 1] + word[i] + word[i + 1 :]
    if kind == 3 and word[i] in NEAR:
        return word[:i] + rng.choice(NEAR[word[i]]) + word[i + 1 :]
    return word + rng.choice(["s", "e", "", "d"])


def letters(q):
    return re.sub(r"[^a-z0-9]", "", q.lower())


class Corpus:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        lists, parsed = {}, {}
        for name in ("words.toml", "topics.toml"):
            lists.update(tomllib.loads((HERE / name).read_text()))

        def words(name, depth):
            if name not in parsed:
                lines = [l for l in lists[name].strip().split("\n")]
                parsed[name] = [[parse("" if l == "-" else l, words, depth)] for l in lines]
            return parsed[name]

        self.facts = tomllib.loads((HERE / "facts.toml").read_text())["fact"]
        unknown = set(tomllib.loads((HERE / "keywords.toml").read_text())) - {f["name"] for f in self.facts}
        assert not unknown, f"keywords of no fact: {unknown}"

        def patterns(text):
            """Patterns and their weights: one that can be read in many ways is drawn more often."""
            trees = [parse(l, words) for l in text.strip().split("\n")]
            return trees, [min(count(t), 60) ** 0.5 for t in trees]

        asked = tomllib.loads((HERE / "asked.toml").read_text())
        assert set(asked) == {f["name"] for f in self.facts}, "asked.toml has a question for each fact, and for no other"
        self.patterns = [patterns(f["ask"]) for f in self.facts]
        self.asked = [patterns(asked[f["name"]]) for f in self.facts]
        self.keywords = {k: v.split("|") for k, v in tomllib.loads((HERE / "keywords.toml").read_text()).items()}
        held = (HERE / "heldout.jsonl").read_text().splitlines()
        self.heldout = {letters(json.loads(l)["q"]) for l in held}
        self.weights = [f.get("weight", 1) for f in self.facts]

    def question(self, i):
        """A question for fact i, as a user may type it, in lower case."""
        rng = self.rng
        name = self.facts[i]["name"]
        foreign = name == "off-topic"
        trees, weights = self.asked[i] if rng.random() < (0.2 if foreign else 0.45) else self.patterns[i]
        if name in self.keywords and rng.random() < 0.3:
            q = rng.choice(FRAMES).replace("#", rng.choice(self.keywords[name]))
            if rng.random() < 0.3:
                q += rng.choice([" ", " and ", ", ", " with ", " or ", " for "]) + rng.choice(self.keywords[name])
        else:
            q = re.sub(r" +", " ", expand(rng.choices(trees, weights)[0], rng)).strip()
        if rng.random() < 0.3:
            p = rng.choice(PREFIXES)
            q = q if foreign and p in OWN else p + q
        if rng.random() < 0.2:
            s = rng.choice(SUFFIXES)
            q = q if foreign and s in OWN else q + s
        if rng.random() < 0.05:
            q += rng.choice(TAILS)
        words = q.split(" ")
        if rng.random() < 0.15:
            words.insert(rng.randrange(len(words) + 1), rng.choice(FILLERS))
        if rng.random() < 0.1 and len(words) > 4:  # a word that nobody foresaw
            j = rng.randrange(len(words))
            words[j] = gibberish(rng) if rng.random() < 0.3 else rng.choice(OTHERS)
        if rng.random() < 0.2 and len(words) > 3:
            words = [w for w in words if w not in STOP or rng.random() < 0.5] or words
        if rng.random() < 0.08 and len(words) > 3:
            j = rng.randrange(len(words) - 1)
            words[j], words[j + 1] = words[j + 1], words[j]
        if rng.random() < 0.25:
            for _ in range(rng.randint(1, 2)):
                j = rng.randrange(len(words))
                if len(words[j]) > 3:
                    words[j] = typo(words[j], rng)
        q = " ".join(words)
        r = rng.random()
        return q + ("?" if r < 0.45 else " ?" if r < 0.48 else "." if r < 0.52 else "!" if r < 0.54 else "??" if r < 0.55 else "")

    def draw(self):
        """A fact and a question for it, which is none of the held-out ones."""
        while True:
            i = self.rng.choices(range(len(self.facts)), self.weights)[0]
            q = self.question(i).lower()
            if letters(q) not in self.heldout:
                return i, q


if __name__ == "__main__":
    c = Corpus(1)
    for _ in range(40):
        i, q = c.draw()
        print(f"{c.facts[i]['name']:20} {q}")
    print(len(c.facts), "facts,", sum(len(t) for t, _ in c.patterns), "patterns,", f"{sum(count(t) for p, _ in c.patterns for t in p):.0f} questions")
