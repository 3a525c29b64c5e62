//go:build (!amd64 && !arm64) || noasm

package vec

var tiers = [...]string{"generic"}

func supported() string { return "generic" }
