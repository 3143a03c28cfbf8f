package commands

import "github.com/profilesync/profilesync/cmd/profilesync/wiring"

// Version prints the version of the program.
type Version struct{}

// Run has an error to return because the command line's library wants one.
func (*Version) Run(a *wiring.App, out *Printer) error {
	out.print(map[string]string{"version": a.Version}, "", [][]string{{a.Version}})
	return nil
}
