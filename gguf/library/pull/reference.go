package pull

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// reference is what a user asked for: a model in a repository, or an address.
type reference struct {
	org, repo string
	revision  string
	want      string // a quantisation, or a part of a file's name; "": the usual one
	path      string // exactly this file
	address   *url.URL
}

var (
	hubName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	quantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+/-]{0,199}$`)
	revName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
)

// parse reads ORG/REPO, ORG/REPO:QUANT or an address. The address of a file in
// the hub, as a browser shows it, means that file.
func parse(s string, endpoint *url.URL) (reference, error) {
	if strings.Contains(s, "://") {
		return parseAddress(s, endpoint)
	}
	for _, host := range []string{"hf.co/", "huggingface.co/"} {
		s = strings.TrimPrefix(s, host)
	}
	name, want, wanted := strings.Cut(s, ":")
	org, repo, _ := strings.Cut(name, "/")
	r := reference{org: org, repo: repo, revision: "main", want: want}
	switch {
	case !isHubName(org) || !isHubName(repo):
		return r, fmt.Errorf("%w: %q is neither ORG/REPO, ORG/REPO:QUANT nor an address", ErrReference, s)
	case wanted && !quantName.MatchString(want):
		return r, fmt.Errorf("%w: %q after the colon is no quantisation", ErrReference, want)
	}
	return r, nil
}

// isHubName reports whether the hub could have an organisation or a repository
// of that name. Two dashes are what its cache puts between the two.
func isHubName(s string) bool {
	return hubName.MatchString(s) && !strings.Contains(s, "--") && !strings.Contains(s, "..") && !strings.HasSuffix(s, ".")
}

func parseAddress(s string, endpoint *url.URL) (reference, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return reference{}, fmt.Errorf("%w: %q is no http or https address", ErrReference, s)
	}
	u.Fragment = ""
	if u.Host != endpoint.Host {
		return reference{address: u}, nil
	}
	parts := strings.SplitN(strings.Trim(strings.TrimPrefix(u.Path, strings.TrimSuffix(endpoint.Path, "/")), "/"), "/", 5)
	r := reference{revision: "main"}
	if len(parts) < 2 || !isHubName(parts[0]) || !isHubName(parts[1]) {
		return reference{address: u}, nil
	}
	r.org, r.repo = parts[0], parts[1]
	switch {
	case len(parts) == 2:
		return r, nil
	case len(parts) == 5 && (parts[2] == "resolve" || parts[2] == "blob") && revName.MatchString(parts[3]):
		r.revision, r.path = parts[3], parts[4]
		return r, nil
	}
	return reference{address: u}, nil
}
