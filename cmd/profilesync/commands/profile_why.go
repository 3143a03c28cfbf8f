package commands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type profileWhy struct {
	Code  string `arg:"" help:"ODS code."`
	Field string `arg:"" optional:"" help:"Only this field, such as phone. Default: every field that has, or had, a value."`
}

// Help is shown by --help.
func (*profileWhy) Help() string {
	return `First the value and who owns it; then, the oldest first, what brought it about: the listing with
its day and column, runs, edits, what was withheld, who approved, rejected or held it, what was taken
back, and for the status who confirmed that the place has closed; then for each sink the number under
which it was last sent, when it was accepted, and when it was seen there. People are
named as the audit names them.`
}

func (c *profileWhy) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	field, err := fieldNamed(c.Field)
	if err != nil {
		return Usage(err)
	}
	code, err := profile.ParseODSCode(c.Code)
	if err != nil {
		return Usage(err)
	}
	ctx, does := Acting(ctx, a, "")
	steps, err := does.Why(ctx, code, field)
	if err != nil {
		return err
	}
	rows := make([][]string, len(steps))
	for n, s := range steps {
		change := "-"
		if s.Change != 0 {
			change = strconv.FormatInt(s.Change, 10)
		}
		rows[n] = []string{s.Field, LondonTime(s.At), change, s.Text}
	}
	out.Print(steps, "FIELD | WHEN | CHANGE | WHAT", rows)
	return nil
}

// fieldNamed parses the name of a field; none is none.
func fieldNamed(name string) (profile.Field, error) {
	if name == "" {
		return profile.NoField, nil
	}
	return profile.ParseField(name)
}
