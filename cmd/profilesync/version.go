package main

type versionCmd struct{}

func (*versionCmd) Run(a *app) error {
	a.print(map[string]string{"version": version}, "", [][]string{{version}})
	return nil
}
