package token

// A preset is what the value of tokenizer.ggml.pre stands for.
type preset struct {
	split        splitter
	ignoreMerges bool // a piece that is a token is that token, whatever the merges say
	addBOS       bool // unless the file says otherwise
}

// The words that patterns have in common.
const (
	lead  = every &^ (newline | letter | number) // [^\r\n\p{L}\p{N}]
	rest  = every &^ (space | letter | number)   // [^\s\p{L}\p{N}]
	plain = caseless | hanLetter | mark          // neither upper nor lower case
)

// The expressions, each in the order of its alternatives. Where a converter
// had to simplify one, this is the original that the model was trained with.
var (
	gpt2 = matches(contraction, spaced(letter), spaced(number), spaced(rest), spaces)

	llama3 = words3(led(lead, letter), 3, marks(rest, ""))
	qwen2  = words3(led(lead, letter), 1, marks(rest, ""))
	qwen35 = words3(led(lead, letter|mark), 1, marks(rest&^mark, ""))

	seedCoder = words3(led(lead, letter), 1, spaced(rest))
	exaone    = words3(phrase(lead), 1, marksThenOne(rest, "/"))

	gpt4o  = matches(then(cased(lead, plain), anyContraction), upTo(3, number), marks(rest, "/"), lines, spaces)
	youtu  = matches(then(cased(lead, plain), anyContraction), upTo(1, number), marks(rest, "/"), lines, spaces)
	tekken = matches(cased(lead, plain), upTo(1, number), marks(rest, "/"), lines, spaces)
	kimi   = matches(some(han), then(cased(lead, plain&^hanLetter), anyContraction), upTo(3, number),
		marks(rest, ""), lines, spaces)

	deepseek = matches(identifier, led(every&^(newline|letter|punct|sign), letter|mark),
		marks(punct|sign, ""), lines, spaces)

	bloom    = matches(clause)
	digit    = matches(upTo(1, number))
	newlines = matches(upTo(1, newline))
)

// words3 is the shape that Llama 3 made common: contractions, words, numbers
// of at most digits characters, punctuation, newlines, white space.
func words3(word rule, digits int, punctuation rule) stage {
	return matches(anyContraction, word, upTo(digits, number), punctuation, lines, spaces)
}

// clause is ` ?[^(\s|.,!?…。，、।۔،)]+`.
func clause(s string, i int) int {
	start := i
	if i < len(s) && s[i] == ' ' {
		start++
	}
	t, end := classes(), start
	for {
		c, n := t.classAt(s, end)
		if c == 0 || c&space != 0 || sentence.run(s[end:end+n], 0, true) > 0 {
			break
		}
		end += n
	}
	if end == start {
		return i
	}
	return end
}

// presets holds every name that a file may give.
var presets = func() map[string]preset {
	all := map[string]preset{
		"default": {split: splitter{matches(someOr(punct, "$+<=>^~|")), gpt2,
			matches(some(number)), matches(threeDigits)}},
		"falcon": {split: splitter{matches(someOr(punct, "$+<=>^~|`")), gpt2, matches(threeDigits)}},
		"deepseek-llm": {split: splitter{newlines, matches(ledIn(bicameral)), matches(ledIn(asciiMarks)),
			trailingSpace, matches(someIn(ideographs)), matches(some(number))}},
		"deepseek-coder": {split: splitter{newlines, matches(led(space, letter)), matches(led(space, punct)),
			matches(someIn(ideographs)), digit}},
		"qwen35":     {split: splitter{qwen35}},
		"tekken":     {split: splitter{tekken}, ignoreMerges: true, addBOS: true},
		"kimi-k2":    {split: splitter{kimi}},
		"gemma4":     {split: splitter{matches(someIn(lineFeed))}, addBOS: true},
		"viking":     {split: splitter{bloom, digit}},
		"seed-coder": {split: splitter{seedCoder}},
		"exaone-moe": {split: splitter{exaone}},
		"superbpe":   {split: splitter{matches(some(number)), digitCuts}},
		"jais-2":     {split: splitter{llama3, spaceChunks}},
		"youtu": {split: splitter{matches(someIn(hangul), someIn(wideMarks), someIn(bopomofo), someIn(kana)), youtu},
			ignoreMerges: true},
		"tiny_aya": {split: splitter{digitGroups, gpt4o}},
		"afmoe":    {split: splitter{digitGroups, matches(someIn(asian)), deepseek}},
	}
	for _, family := range []struct {
		preset
		names []string
	}{
		{preset{split: splitter{gpt2}}, []string{"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion",
			"granite-docling", "exaone4", "gigachat", "a.x-4.0", "mellum", "modern-bert", "jina-es", "jina-de",
			"jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe"}},
		{preset{split: splitter{digit, gpt2}}, []string{"starcoder", "refact", "command-r", "cohere2_moe",
			"smollm", "codeshell", "exaone", "minerva-7b", "mellum2"}},
		{preset{split: splitter{llama3}, ignoreMerges: true, addBOS: true}, []string{"llama-bpe", "llama3",
			"llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "laguna", "jina-v5-nano"}},
		{preset{split: splitter{llama3}}, []string{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}},
		{preset{split: splitter{qwen2}}, []string{"qwen2", "stablelm2", "hunyuan", "solar-open", "megrez",
			"grok-2", "deepseek-r1-qwen", "kormo", "openpangu", "f2llmv2", "bailingmoe", "bailingmoe2", "llada-moe"}},
		{preset{split: splitter{gpt4o}}, []string{"gpt-4o", "llama4", "kanana2", "minimax-m2"}},
		{preset{split: splitter{matches(upTo(3, number)), matches(someIn(kana)), deepseek}},
			[]string{"deepseek-v3", "hunyuan-dense", "joyai-llm"}},
		{preset{split: splitter{bloom}}, []string{"bloom", "poro-chat", "gpt3-finnish"}},
	} {
		for _, name := range family.names {
			all[name] = family.preset
		}
	}
	return all
}()
