package chat

import (
	"errors"
	"slices"
	"testing"
)

func TestBuiltins(t *testing.T) {
	talk := []Message{{Role: "user", Content: "Hi"}, {Role: "assistant", Content: "Ho"}, {Role: "user", Content: "Hey"}}
	for name, want := range map[string]string{
		"chatml":  "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>\n<|im_start|>user\nHey<|im_end|>\n<|im_start|>assistant\n",
		"llama3":  "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHo<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHey<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
		"llama2":  "<s>[INST] Hi [/INST] Ho </s><s>[INST] Hey [/INST]",
		"gemma":   "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHo<end_of_turn>\n<start_of_turn>user\nHey<end_of_turn>\n<start_of_turn>model\n",
		"mistral": "<s>[INST] Hi[/INST] Ho</s>[INST] Hey[/INST]",
		"phi3":    "<|user|>\nHi<|end|>\n<|assistant|>\nHo<|end|>\n<|user|>\nHey<|end|>\n<|assistant|>\n",
		"zephyr":  "<|user|>\nHi</s>\n<|assistant|>\nHo</s>\n<|user|>\nHey</s>\n<|assistant|>\n",
		"plain":   "<s>User: Hi\nAssistant: Ho\nUser: Hey\nAssistant:",
		"harmony": "<|start|>user<|message|>Hi<|end|><|start|>assistant<|channel|>final<|message|>Ho<|end|><|start|>user<|message|>Hey<|end|><|start|>assistant",
	} {
		tmpl, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Render(&Input{Messages: talk, BOS: "<s>", EOS: "</s>", AddGenerationPrompt: true})
		if err != nil || got.String() != want {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", name, got, err, want)
		}
	}
	for _, b := range builtins { // a system message is shown or refused
		tmpl, err := Builtin(b.name)
		if err != nil {
			t.Fatal(err)
		}
		var refusal *Refusal
		_, err = tmpl.Render(&Input{Messages: append([]Message{{Role: "system", Content: "Be"}}, talk...)})
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("%s: %v", b.name, err)
		}
	}
	if _, err := Builtin("none"); err == nil {
		t.Error("there is a template named none")
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		tokens []string
		model  string
		want   string
	}{
		{[]string{"<|im_start|>", "<|im_end|>"}, "x", "chatml"},
		{[]string{"<|im_start|>"}, "x", "plain"},
		{nil, "My Llama-2-7B", "llama2"},
		{nil, "TinyLlama", "zephyr"},
		{[]string{"[INST]", "[/INST]"}, "", "mistral"},
	} {
		if got := Choose(func(s string) bool { return slices.Contains(c.tokens, s) }, c.model); got != c.want {
			t.Errorf("%v of %s: %s, want %s", c.tokens, c.model, got, c.want)
		}
	}
}
