package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/runnel-chat/runnel/infer/chat"
)

// maxTemplate bounds what is read of a template or a case.
const maxTemplate = 16 << 20

func (p *program) templateCommand() *cobra.Command {
	var file, input string
	c := &cobra.Command{
		Use:   "template (-m MODEL | --file TEMPLATE) --case CASE.json",
		Short: "Render a chat template with the messages of a JSON file",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if input == "" {
				return usageError{errors.New("--case is missing")}
			}
			source, err := p.templateSource(c, file)
			if err != nil {
				return err
			}
			b, err := readLimited(input)
			if err != nil {
				return err
			}
			in, err := chat.ParseInput(b)
			if err != nil {
				return fmt.Errorf("%s: %w", input, err)
			}
			t, err := chat.Parse(source)
			if err != nil {
				return err
			}
			text, err := t.Render(in)
			if err != nil {
				return err
			}
			_, err = io.WriteString(p.Out, p.shown(text.String()))
			return err
		},
	}
	p.flag(c, "model", "m", "model", "MODEL")
	c.Flags().StringVar(&file, "file", "", "Template to render, instead of a model's.")
	c.Flags().StringVar(&input, "case", "", "JSON file with messages and what else the template gets.")
	return c
}

// templateSource is the template of the file or of the model.
func (p *program) templateSource(c *cobra.Command, file string) (string, error) {
	if file != "" {
		b, err := readLimited(file)
		return string(b), err
	}
	path, err := p.resolve(c.Context(), p.cfg.Model)
	if err != nil {
		return "", err
	}
	f, err := header(path)
	if err != nil {
		return "", err
	}
	return f.String("tokenizer.chat_template")
}

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTemplate+1))
	if err == nil && len(b) > maxTemplate {
		err = fmt.Errorf("%s: larger than %d bytes", path, maxTemplate)
	}
	return b, err
}
