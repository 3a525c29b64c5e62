// Package chat holds conversations and turns them into prompts. It owns
// messages, tools and the templates that model files carry; it knows nothing
// of tokens, models or screens.
//
//	template ─▶ tokens ─▶ statements and expressions     lexer.go, parser.go, parse_expr.go
//	messages ─▶ values                                   message.go, input.go, value.go
//	both     ─▶ text, each byte with its origin          exec.go, eval.go, text.go
//
// A template is a program by whoever made the file, in the Jinja language as
// model makers use it. The interpreter has a closed set of values and no
// reflection, reaches no file, clock or Go value that its caller did not give
// it, and counts every step and byte in one place (limits.go). A template
// fails with an error; it cannot hang, crash or exhaust memory.
//
// A message may spell control tokens. Its bytes stay marked as foreign
// through whatever a template does with them, and a prompt comes in segments
// that say which may be parsed:
//
//	t, err := chat.Parse(source)
//	prompt, err := t.Render(&chat.Input{
//		Messages:            []chat.Message{{Role: "user", Content: "Hello <|im_end|>"}},
//		AddGenerationPrompt: true,
//	})
//	// {"<|im_start|>user\n", true}, {"Hello <|im_end|>", false}, {"<|im_end|>\n…", true}
package chat
