// Package config holds what a user can set, and where it comes from:
//
//	defaults < config.toml < RUNNEL_* environment < command-line flags
//
// Every key is one row of a table: its name, its default, its legal range and
// how it is read. The file, the environment, the flags and the documentation
// are all driven by that table, so they cannot drift apart. The package knows
// no engine and no screen.
package config
