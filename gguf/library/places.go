package library

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/runnel-chat/runnel/config"
)

// The sources of models, in the order in which duplicates are kept.
const (
	Own         = "own"
	Named       = "folder" // a folder of the user's choice
	HuggingFace = "huggingface"
	LMStudio    = "lmstudio"
	LlamaCpp    = "llama.cpp"
	Ollama      = "ollama"
	BuiltIn     = "built in" // in the program, and no place
)

// Place is a folder to look in.
type Place struct {
	Source string // one of the constants: it decides the layout
	Dir    string
}

// Places are the folders to look in; of files that are the same, the one in
// the first folder counts.
type Places struct {
	List []Place
}

// FindPlaces works out where model files lie: the program's own folder, the
// further ones of the configuration, and where others keep theirs. It does not
// look whether they exist. getenv is os.Getenv outside of tests.
func FindPlaces(p config.Paths, dirs []string, getenv func(string) string) Places {
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir() // then nothing is found below it
	}
	in := func(elem ...string) string {
		if home == "" {
			return ""
		}
		return filepath.Join(append([]string{home}, elem...)...)
	}
	var l []Place
	add := func(source string, dirs ...string) {
		for _, d := range dirs {
			if filepath.IsAbs(d) {
				l = append(l, Place{source, d})
			}
		}
	}
	add(Own, OwnDir(p))
	for _, d := range dirs {
		if abs, err := filepath.Abs(d); err == nil {
			add(Named, abs)
		}
	}
	add(HuggingFace, HubDir(getenv))
	add(LMStudio, lmStudioDir(in), in(".cache", "lm-studio", "models"))
	add(LlamaCpp, getenv("LLAMA_CACHE"), filepath.Join(cacheDir(getenv), "llama.cpp"), in("Library", "Caches", "llama.cpp"), in(".llamabarn"))
	add(Ollama, getenv("OLLAMA_MODELS"), in(".ollama", "models"), "/usr/share/ollama/.ollama/models", "/var/lib/ollama/.ollama/models")
	add(Named, in(".local", "share", "Jan", "data", "llamacpp", "models"), in("jan", "models"),
		in(".local", "share", "nomic.ai", "GPT4All"))
	return Places{l}
}

// OwnDir is the folder for model files of this program.
func OwnDir(p config.Paths) string { return filepath.Join(p.Data, "models") }

// HubDir is the Hugging Face cache: the first of the variables that set it,
// in the order of the tools that share it.
func HubDir(getenv func(string) string) string {
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if dir := getenv(name); dir != "" {
			return dir
		}
	}
	if dir := getenv("HF_HOME"); dir != "" {
		return filepath.Join(dir, "hub")
	}
	return filepath.Join(cacheDir(getenv), "huggingface", "hub")
}

// HubToken is the token for the Hugging Face hub: from the environment, or
// from the file that the hub's tools keep it in; "" when there is none.
func HubToken(getenv func(string) string) string {
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} {
		if token := strings.TrimSpace(getenv(name)); token != "" {
			return token
		}
	}
	path := getenv("HF_TOKEN_PATH")
	if path == "" {
		home := getenv("HF_HOME")
		if home == "" {
			home = filepath.Join(cacheDir(getenv), "huggingface")
		}
		path = filepath.Join(home, "token")
	}
	b, err := readSmall(path, 4096)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// cacheDir is where others keep what can be made again: below .cache on every
// system, unlike os.UserCacheDir.
func cacheDir(getenv func(string) string) string {
	if dir := getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir() // then the path is relative and not looked at
	}
	if dir := getenv("LOCALAPPDATA"); runtime.GOOS == "windows" && home == "" {
		return dir
	}
	return filepath.Join(home, ".cache")
}

// lmStudioDir follows the pointer that the program leaves in the home folder
// when its files were moved.
func lmStudioDir(in func(...string) string) string {
	home := in(".lmstudio")
	if b, err := readSmall(in(".lmstudio-home-pointer"), 4096); err == nil {
		if dir := strings.TrimSpace(string(b)); filepath.IsAbs(dir) {
			home = dir
		}
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, "models")
}

// readSmall reads a regular file of at most limit bytes; more is cut off.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// openRegular opens a file that is one: opening a pipe would wait for whoever
// writes to it.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	return os.Open(path)
}
