package statuscommands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/trials"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Check shows the settings, and tries whether everything that they name answers.
type Check struct {
	Set bool `help:"Of the settings, only those that are set."`
}

// Help is shown by --help.
func (*Check) Help() string {
	return `Every setting with where its value comes from, and names that are no setting's. Then a trial of
each thing that they name: the database (server, role, schema, clock, bank holidays), the register,
e-RS, the sinks, the mail service, the disks. All are tried at the same time, for at most 10 seconds
each; one that fails stops no other. Nothing is changed anywhere, and no secret is printed.
Exit code 1 when a trial failed, 2 when a setting is wrong: then nothing is tried.`
}

// Run makes the trials. Wrong settings never come this far (ShowSettings).
func (c *Check) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := c.ShowSettings(ctx, out); err != nil {
		return err
	}
	made := trials.Run(ctx, trials.Options{App: a})
	if out.JSON() {
		for _, t := range made {
			out.Print(t, "", nil)
		}
	} else {
		out.Gap()
		out.Print(nil, "TRIAL | RESULT | DETAIL, AND WHAT TO DO", rowsOf(made))
	}
	failed := 0
	for _, t := range made {
		if t.Result == trials.Failed {
			failed++
		}
	}
	if failed > 0 {
		return commands.ExitError{Code: commands.ExitFailed, Message: fmt.Sprintf("%d of %d trials failed", failed, len(made))}
	}
	return ctx.Err()
}

func rowsOf(made []trials.Trial) (rows [][]string) {
	for _, t := range made {
		rows = append(rows, []string{t.Name, string(t.Result), t.Detail})
		if t.Todo != "" {
			rows = append(rows, []string{"", "", "do: " + t.Todo})
		}
	}
	return rows
}

// ShowSettings prints every setting, those that are wrong included, and returns a
// settings.Error if any is.
func (c *Check) ShowSettings(ctx context.Context, out *commands.Printer) error {
	all, err := settings.List(ctx)
	if err != nil && !errors.As(err, new(settings.Error)) {
		return err
	}
	if c.Set {
		all = slices.DeleteFunc(all, func(l settings.Listed) bool { return l.Origin == settings.OriginDefault && l.Wrong == "" })
	}
	if out.JSON() {
		for _, l := range all {
			out.Print(l, "", nil)
		}
		return err
	}
	rows := make([][]string, len(all))
	for i, l := range all {
		rows[i] = []string{l.Name, shown(l), origin(l)}
	}
	out.Print(nil, "SETTING | VALUE | FROM", rows)
	return err
}

// longestValue is how much of a value the table shows.
const longestValue = 60

func shown(l settings.Listed) string {
	if l.Wrong != "" {
		return "WRONG: " + strings.TrimPrefix(strings.TrimPrefix(l.Wrong, l.Name), ": ")
	}
	text := []rune(l.Value)
	switch {
	case len(text) == 0:
		return none
	case len(text) > longestValue:
		return string(text[:longestValue]) + "…"
	}
	return l.Value
}

func origin(l settings.Listed) string {
	if l.File != "" {
		return "file " + l.File
	}
	return string(l.Origin)
}
