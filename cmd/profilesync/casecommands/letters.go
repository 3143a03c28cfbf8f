package casecommands

import (
	"context"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

type casesLook struct{}

func (*casesLook) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	found, err := does.LookAtCases(ctx)
	if err != nil {
		return err
	}
	sayUntold(a, found.Untold)
	out.Print(found, "", [][]string{
		{"opened", strconv.Itoa(found.Opened)},
		{"changed", strconv.Itoa(found.Changed)},
		{"open again", strconv.Itoa(found.Resumed)},
		{"ended", strconv.Itoa(found.Ended)},
		{"urgent letters due", strconv.Itoa(found.Letters)},
	})
	return nil
}

func sayUntold(a *wiring.App, untold int) {
	if untold > 0 {
		a.Sayf("nobody can be told of %d cases: no administrator's account is active, and there is no list", untold)
	}
}

type casesLetters struct {
	Preview bool `xor:"what" required:"" help:"Show who would get which letter about which cases, without making it due."`
	Post    bool `xor:"what" required:"" help:"Look, and make them due, as the daemon does every working morning; the daemon sends them."`
	Full    bool `help:"With --preview: what each letter says, too."`
}

func (c *casesLetters) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	if c.Post {
		posted, err := does.PostCaseLetters(ctx)
		if err != nil {
			return err
		}
		sayUntold(a, posted.Untold)
		out.Print(posted, "", [][]string{{"letters", strconv.Itoa(posted.Letters)}})
		return nil
	}
	due, err := does.PreviewCaseLetters(ctx)
	if err != nil {
		return err
	}
	sayUntold(a, due.Untold)
	rows := make([][]string, len(due.Letters))
	for i, l := range due.Letters {
		numbers := make([]string, len(l.Cases))
		for j, id := range l.Cases {
			numbers[j] = strconv.FormatInt(id, 10)
		}
		rows[i] = []string{l.To, string(l.Kind), strings.Join(numbers, ", ")}
	}
	if out.JSON() || !c.Full {
		out.Print(due.Letters, "TO | LETTER | CASES", rows)
		return nil
	}
	for _, l := range due.Letters {
		out.PrintLines([]string{l.To + ":", visible.Text(strings.Join(l.Lines, "\n"))})
		out.Gap()
	}
	return nil
}
