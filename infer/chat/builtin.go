package chat

import (
	"fmt"
	"slices"
	"strings"
)

// A builtin stands in for the template that a file does not have.
type builtin struct {
	name   string
	needs  []string // tokens that the vocabulary must have
	models []string // parts of names of models, where tokens do not tell
	source string
}

// noSystem refuses the role that a family of models does not have; whoever
// renders then puts the text into the first user message.
const noSystem = `{%- if messages and messages[0].role == 'system' -%}{{ raise_exception('there is no system role') }}{%- endif -%}`

// builtins are in the order of choice: the most telling tokens come first.
var builtins = []builtin{
	{
		name: "harmony", needs: []string{"<|start|>", "<|message|>", "<|channel|>", "<|end|>"},
		source: `
{%- for m in messages -%}
  {%- if m.role == 'assistant' -%}<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>
  {%- else -%}<|start|>{{ 'developer' if m.role == 'system' else m.role }}<|message|>{{ m.content }}<|end|>
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|start|>assistant{%- endif -%}`,
	},
	{
		name: "llama3", needs: []string{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
		source: `{{ bos_token }}
{%- for m in messages -%}
{{ '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\n\n' ~ m.content|trim ~ '<|eot_id|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif -%}`,
	},
	{
		name: "chatml", needs: []string{"<|im_start|>", "<|im_end|>"},
		source: `
{%- for m in messages -%}{{ '<|im_start|>' ~ m.role ~ '\n' ~ m.content ~ '<|im_end|>\n' }}{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}`,
	},
	{
		name: "gemma", needs: []string{"<start_of_turn>", "<end_of_turn>"},
		source: noSystem + `{{ bos_token }}
{%- for m in messages -%}
{{ '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\n' ~ m.content|trim ~ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}`,
	},
	{
		name: "phi3", needs: []string{"<|user|>", "<|assistant|>", "<|end|>"},
		source: `
{%- for m in messages -%}{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ '<|end|>\n' }}{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|assistant|>\n' }}{%- endif -%}`,
	},
	{
		name: "glm4", needs: []string{"<|user|>", "<|assistant|>", "<|observation|>"},
		source: `[gMASK]<sop>
{%- for m in messages -%}{{ '<|' ~ m.role ~ '|>\n' ~ m.content }}{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|assistant|>\n' }}{%- endif -%}`,
	},
	{
		name: "command-r", needs: []string{"<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"},
		source: `{{ bos_token }}
{%- for m in messages -%}
<|START_OF_TURN_TOKEN|>
{%- if m.role == 'user' -%}<|USER_TOKEN|>{%- elif m.role == 'assistant' -%}<|CHATBOT_TOKEN|>{%- else -%}<|SYSTEM_TOKEN|>{%- endif -%}
{{ m.content }}<|END_OF_TURN_TOKEN|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{%- endif -%}`,
	},
	{
		name: "deepseek", needs: []string{"<｜User｜>", "<｜Assistant｜>"},
		source: `{{ bos_token }}
{%- for m in messages -%}
  {%- if m.role == 'user' -%}<｜User｜>{{ m.content }}
  {%- elif m.role == 'assistant' -%}<｜Assistant｜>{{ m.content }}<｜end▁of▁sentence｜>
  {%- else -%}{{ m.content }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<｜Assistant｜>{%- endif -%}`,
	},
	{
		name: "mistral", needs: []string{"[INST]", "[/INST]"},
		source: noSystem + `{{ bos_token }}
{%- for m in messages -%}
  {%- if m.role == 'assistant' -%}{{ ' ' ~ m.content|trim ~ eos_token }}
  {%- else -%}{{ '[INST] ' ~ m.content ~ '[/INST]' }}
  {%- endif -%}
{%- endfor -%}`,
	},
	{
		name: "llama2", models: []string{"llama-2", "llama2", "llama 2"},
		source: noSystem + `
{%- for m in messages -%}
  {%- if m.role == 'assistant' -%}{{ ' ' ~ m.content|trim ~ ' ' ~ eos_token }}
  {%- else -%}{{ bos_token ~ '[INST] ' ~ m.content|trim ~ ' [/INST]' }}
  {%- endif -%}
{%- endfor -%}`,
	},
	{
		name: "zephyr", models: []string{"zephyr", "tinyllama"},
		source: `
{%- for m in messages -%}{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ eos_token ~ '\n' }}{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|assistant|>\n' }}{%- endif -%}`,
	},
	{
		name: "plain",
		source: `{{ bos_token }}
{%- for m in messages -%}
  {%- if m.role == 'system' -%}{{ m.content ~ '\n\n' }}
  {%- else -%}{{ m.role|capitalize ~ ': ' ~ m.content ~ '\n' }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}Assistant:{%- endif -%}`,
	},
}

// Builtin returns the template of our own with this name.
func Builtin(name string) (*Template, error) {
	for _, b := range builtins {
		if b.name == name {
			return Parse(b.source)
		}
	}
	return nil, fmt.Errorf("chat: there is no built-in template %q", clip(name))
}

// Choose names the built-in template for a vocabulary and the name of a
// model. The last one fits any.
func Choose(has func(token string) bool, model string) string {
	model = strings.ToLower(model)
	for _, b := range builtins {
		byTokens := len(b.needs) > 0 && !slices.ContainsFunc(b.needs, func(token string) bool { return !has(token) })
		byName := slices.ContainsFunc(b.models, func(part string) bool { return strings.Contains(model, part) })
		if byTokens || byName {
			return b.name
		}
	}
	return "plain"
}
