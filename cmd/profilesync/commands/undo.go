package commands

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

type runsUndo struct {
	decisionFlags

	Preview bool   `xor:"how" help:"Show what would be taken back, and change nothing."`
	Yes     bool   `xor:"how" help:"Do not ask. Needed if nobody can be asked."`
	Confirm string `xor:"how" placeholder:"RUN" help:"The run's number again, instead of --yes: needed for an unusually large undo."`
}

// Help is shown by --help.
func (*runsUndo) Help() string {
	return `Shows what would be taken back, then asks. If that is more than a run may do unasked (the
guard's limits), the run's number must be typed, or given with --confirm. If the answer is no,
nothing is changed, and the exit code is 1.

Fields that were edited since are left as they are and listed. A profile the run created
is closed and hidden; nothing is ever deleted. What was undone is proposed again by the next
run, and withheld until a person approves it. The undo of a listing's run also takes back that
the listing was accepted.`
}

func (c *runsUndo) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, c.Actor)
	var found actions.UndoPreview
	err := WithProgress(a, does, func() (err error) { found, err = does.PreviewUndo(ctx, c.ID); return err })
	if err != nil {
		return err
	}
	if c.Preview {
		out.printReversal(found)
		return nil
	}
	if err := c.confirm(a, found); err != nil {
		return err
	}
	var summary runs.Summary
	err = WithProgress(a, does, func() (err error) { summary, err = does.UndoRun(ctx, found, c.ID, true); return err })
	if err != nil {
		return err
	}
	out.printSummary(summary)
	return exitOf(a, []runs.Summary{summary})
}

// confirm returns an error unless a person wants the undo.
func (c *runsUndo) confirm(a *wiring.App, found actions.UndoPreview) error {
	number, large := found.Run.ID.String(), found.Large()
	switch {
	case c.Confirm == number, c.Yes && !large:
		return nil
	case c.Confirm != "":
		return Usagef("--confirm %s: the run to undo is %s", c.Confirm, number)
	}
	NewPrinter(a.Stderr, "table").printReversal(found)
	asked := wiring.IsTerminal(a.Stdin) && !c.Yes
	switch {
	case large && asked:
		return ask(a, "To take this back, type the number of the run: ", number)
	case large:
		return Usagef("nothing was changed: so large an undo needs --confirm %s", number)
	case asked:
		return ask(a, "Take this back? [y/N] ", "y", "yes")
	default:
		return Usagef("nothing was changed: standard input is no terminal, so that nobody can be asked; give --yes")
	}
}

// ask asks a question; any answer but those wanted is a no.
func ask(a *wiring.App, question string, wanted ...string) error {
	_, _ = fmt.Fprint(a.Stderr, question)
	answer, _ := bufio.NewReader(a.Stdin).ReadString('\n') // no answer is a no
	if slices.Contains(wanted, strings.ToLower(strings.TrimSpace(answer))) {
		return nil
	}
	return ExitError{ExitFailed, "nothing was changed"}
}

// printReversal prints what an undo would take back.
func (out *Printer) printReversal(found actions.UndoPreview) {
	out.Print(found.Reversal, "", found.Reversal.Rows(found.Run, kindOf(found.Run)))
}
