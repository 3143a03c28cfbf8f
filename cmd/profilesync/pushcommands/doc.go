// Package pushcommands holds the commands about sinks: pushes, holds, drift. Package
// commands says how a command is built.
package pushcommands
