package token

import "strings"

// A preset is what the value of tokenizer.ggml.pre stands for.
type preset struct {
	split splitter
	traits
}

type traits uint8

const (
	wholeWords traits = 1 << iota // a piece that is a token is that token, whatever the merges say
	beginsBOS                     // unless the file says otherwise
)

// The classes that most expressions share.
const (
	lead  = every &^ (newline | letter | number) // [^\r\n\p{L}\p{N}]
	rest  = every &^ (space | letter | number)   // [^\s\p{L}\p{N}]
	plain = caseless | hanLetter | mark          // neither upper nor lower case
)

// The expressions, each in the order of its alternatives. Where converters
// had to simplify one, this is the original that the model was trained with.
var (
	gpt2 = matches(contraction, spaced(some(letter)), spaced(some(number)), spaced(some(rest)), spaces)

	llama3    = modern(led(lead, some(letter)), 3, marks(rest, ""))
	qwen2     = modern(led(lead, some(letter)), 1, marks(rest, ""))
	qwen35    = modern(led(lead, some(letter|mark)), 1, marks(rest&^mark, ""))
	seedCoder = modern(led(lead, some(letter)), 1, spaced(some(rest)))
	exaone    = modern(led(lead, phrase), 1, marksThenOne(rest, "/"))

	tekken = camel(cased(lead, plain), 1, marks(rest, "/"))
	youtu  = camel(then(cased(lead, plain), anyContraction), 1, marks(rest, "/"))
	gpt4o  = camel(then(cased(lead, plain), anyContraction), 3, marks(rest, "/"))
	kimi   = matches(some(han), then(cased(lead, plain&^hanLetter), anyContraction), upTo(3, number),
		marks(rest, ""), lines, spaces)

	deepseek = matches(identifier, led(every&^(newline|letter|punct|sign), some(letter|mark)),
		marks(punct|sign, ""), lines, spaces)

	// spark is deepseek whose newlines stand alone.
	spark = matches(identifier, led(every&^(newline|letter|punct|sign), some(letter|mark)),
		spaced(some(punct|sign)), upTo(1, newline), spaces)

	// turkish is qwen2 whose apostrophes stay with their suffix.
	turkish = matches(led(lead, some(letter)), upTo(1, number), marks(rest, ""), lines, spaces)

	bloom    = matches(spaced(clause))
	newlines = matches(upTo(1, newline))
	digit    = matches(upTo(1, number))
	triples  = matches(threeDigits)
	triplets = matches(upTo(3, number))
)

// modern is the shape that Llama 3 made common: contractions, words, numbers
// of at most digits characters, punctuation, newlines, white space.
func modern(word rule, digits int, punctuation rule) stage {
	return matches(anyContraction, word, upTo(digits, number), punctuation, lines, spaces)
}

// camel is the shape of GPT-4o, whose words end where the case rises.
func camel(word rule, digits int, punctuation rule) stage {
	return matches(word, upTo(digits, number), punctuation, lines, spaces)
}

// presets holds every name that a file may give.
var presets = func() map[string]preset {
	all := make(map[string]preset)
	for _, p := range []struct {
		names string
		split splitter
		traits
	}{
		{"gpt-2 phi-2 mpt olmo jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum modern-bert jina-es " +
			"jina-de jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe", splitter{gpt2}, 0},
		{"starcoder refact command-r cohere2_moe smollm codeshell exaone minerva-7b mellum2", splitter{digit, gpt2}, 0},
		{
			"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
			splitter{llama3},
			wholeWords | beginsBOS,
		},
		{"dbrx smaug-bpe glm4 chatglm-bpe", splitter{llama3}, 0},
		{"qwen2 stablelm2 hunyuan solar-open megrez grok-2 deepseek-r1-qwen kormo openpangu f2llmv2 bailingmoe " +
			"bailingmoe2 llada-moe", splitter{qwen2}, 0},
		{"qwen35", splitter{qwen35}, 0},
		{"seed-coder", splitter{seedCoder}, 0},
		{"exaone-moe", splitter{exaone}, 0},
		{"jais-2", splitter{llama3, spaceChunks}, 0},
		{"tekken", splitter{tekken}, wholeWords | beginsBOS},
		{"gpt-4o llama4 kanana2 minimax-m2 talkie", splitter{gpt4o}, 0},
		{"laguna", splitter{matches(someIn(lineFeed)), qwen2}, 0},
		{"minicpm5", splitter{triplets, llama3}, wholeWords},
		{"ufakzeka", splitter{turkish}, 0},
		{"kimi-k2", splitter{kimi}, 0},
		{"tiny_aya cohere2moe", splitter{digitGroups, gpt4o}, 0},
		{"youtu", splitter{matches(someIn(hangul), someIn(wideMarks), someIn(bopomofo), someIn(kana)), youtu}, wholeWords},
		{"deepseek-v3 hunyuan-dense joyai-llm hy_v4", splitter{triplets, matches(someIn(kana)), deepseek}, 0},
		{"spark2_5", splitter{triplets, matches(someIn(kana)), spark, digit}, 0},
		{"afmoe", splitter{digitGroups, matches(someIn(asian)), deepseek}, 0},
		{"deepseek-coder", splitter{
			newlines, matches(led(space, some(letter))), matches(led(space, some(punct))),
			matches(someIn(ideographs)), digit,
		}, 0},
		{"deepseek-llm", splitter{
			newlines, matches(led(space, someIn(bicameral))), matches(led(space, someIn(asciiMarks))),
			trailingSpace, matches(someIn(ideographs)), matches(some(number)),
		}, 0},
		{"falcon", splitter{matches(someOr(punct, "$+<=>^~|`")), gpt2, triples}, 0},
		{"default", splitter{matches(someOr(punct, "$+<=>^~|")), gpt2, matches(some(number)), triples}, 0},
		{"bloom poro-chat gpt3-finnish", splitter{bloom}, 0},
		{"viking", splitter{bloom, digit}, 0},
		{"superbpe", splitter{matches(some(number)), digitCuts}, 0},
		{"gemma4", splitter{matches(someIn(lineFeed))}, 0},
	} {
		for _, name := range strings.Fields(p.names) {
			all[name] = preset{p.split, p.traits}
		}
	}
	return all
}()
