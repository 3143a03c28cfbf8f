package words

import (
	"regexp"
	"strings"
)

var (
	// command matches what a text says of a command: "; see `profilesync runs list`".
	command = regexp.MustCompile(`\s*[;:,(][^;:,(` + "`" + `]*` + "`[^`]*`" + `[^;.]*`)
	// flag matches a flag of a command.
	flag = regexp.MustCompile(`--([a-z]+(?:-[a-z]+)*)`)
	// inPages says what is said of flags as the forms of pages call it.
	inPages = strings.NewReplacer(
		"load that file first: profilesync reconcile --files", "load that file first, by a one-off reconciliation:",
		"give its date with --as-of", "give the day that the listing speaks of",
		"give it with --as-of", "give the day that the listing speaks of",
		"--as-of", "the day that the listing speaks of",
		"plan it without --rehearse", "make a plan that is no rehearsal",
		"--source ers", "e-RS", "--ods", "codes", "--files", "a file",
	)
)

// NoCommands is a text for people at a page: without commands in back quotes, and with the
// words of the page for flags.
func NoCommands(text string) string {
	text = inPages.Replace(command.ReplaceAllString(text, ""))
	return flag.ReplaceAllStringFunc(text, func(name string) string {
		return strings.ReplaceAll(strings.TrimPrefix(name, "--"), "-", " ")
	})
}
