package main

type versionCmd struct{}

// Run has an error to return because the command line's library wants one.
func (*versionCmd) Run(a *app) error { //nolint:unparam // see above
	a.print(map[string]string{"version": version}, "", [][]string{{version}})
	return nil
}
