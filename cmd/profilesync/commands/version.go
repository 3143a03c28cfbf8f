package commands

import "github.com/alecthomas/kong"

// Version prints the version of the program.
type Version struct{}

// Run returns an error because kong requires one.
func (*Version) Run(vars kong.Vars, out *Printer) error {
	out.Text(vars["version"]+"\n", map[string]string{"version": vars["version"]})
	return nil
}
