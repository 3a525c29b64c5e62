package pull

import (
	"fmt"

	"github.com/runnel-chat/runnel/config"
)

func noSpace(dir string, need, free int64) error {
	return fmt.Errorf("%s are needed in %s, and %s are free", config.FormatSize(need), dir, config.FormatSize(free))
}
