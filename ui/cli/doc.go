// Package cli holds the commands: one file each, thin over the packages that
// do the work. Standard output carries answers and data, standard error
// progress and figures; every error ends as one plain line and a documented
// exit code.
package cli
