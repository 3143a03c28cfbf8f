package commands

import "github.com/profilesync/profilesync/cmd/profilesync/wiring"

// Version prints the version of the program.
type Version struct{}

// Run returns an error because kong requires one.
func (*Version) Run(a *wiring.App, out *Printer) error {
	out.Print(map[string]string{"version": a.Version}, "", [][]string{{a.Version}})
	return nil
}
