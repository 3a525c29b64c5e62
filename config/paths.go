package config

import (
	"os"
	"path/filepath"
	"runtime"
)

// Paths are the folders of the program (XDG base directories on every system
// but Windows, where they lie below AppData).
type Paths struct {
	Config string // the file config.toml
	Data   string // conversations, models
	Cache  string // what can be made again
	State  string // logs, history
}

// FindPaths works them out. RUNNEL_CONFIG, RUNNEL_DATA, RUNNEL_CACHE and
// RUNNEL_STATE override each. getenv is os.Getenv outside of tests.
func FindPaths(getenv func(string) string) Paths {
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir() // then paths are relative: better than none
	}
	base := func(xdg, unix, windows string) string {
		if dir := getenv(xdg); filepath.IsAbs(dir) {
			return filepath.Join(dir, "runnel")
		}
		if dir := getenv(windows); runtime.GOOS == "windows" && dir != "" {
			return filepath.Join(dir, "runnel")
		}
		return filepath.Join(home, filepath.FromSlash(unix), "runnel")
	}
	or := func(env, def string) string {
		if v := getenv(env); v != "" {
			return v
		}
		return def
	}
	return Paths{
		Config: or("RUNNEL_CONFIG", filepath.Join(base("XDG_CONFIG_HOME", ".config", "APPDATA"), "config.toml")),
		Data:   or("RUNNEL_DATA", base("XDG_DATA_HOME", ".local/share", "LOCALAPPDATA")),
		Cache:  or("RUNNEL_CACHE", base("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")),
		State:  or("RUNNEL_STATE", base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")),
	}
}
