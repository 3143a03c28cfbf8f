package casecommands

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
)

type casesLook struct{}

func (*casesLook) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	keeper, err := a.Cases(a.Logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	steps, letters, err := keeper.Look(ctx)
	if err != nil {
		return err
	}
	out.Print(struct {
		Opened  int `json:"opened"`
		Changed int `json:"changed"`
		Resumed int `json:"resumed"`
		Ended   int `json:"ended"`
		Letters int `json:"letters"`
	}{len(steps.Open), len(steps.Update), len(steps.Resume), len(steps.End), letters}, "", [][]string{
		{"opened", strconv.Itoa(len(steps.Open))},
		{"changed", strconv.Itoa(len(steps.Update))},
		{"open again", strconv.Itoa(len(steps.Resume))},
		{"ended", strconv.Itoa(len(steps.End))},
		{"urgent letters due", strconv.Itoa(letters)},
	})
	return nil
}

type casesLetters struct {
	Preview bool `xor:"what" required:"" help:"Show who would get which letter about which cases, without making it due."`
	Post    bool `xor:"what" required:"" help:"Look, and make them due, as the daemon does every working morning; the daemon sends them."`
	Full    bool `help:"With --preview: what each letter says, too."`
}

// letter is a letter that is due, as people and programs see it.
type letter struct {
	To    string            `json:"to"` // an account as u-4711, or a list as list-QOX
	Kind  people.LetterKind `json:"kind"`
	Cases []int64           `json:"cases"`
	Lines []string          `json:"lines"`
}

func (c *casesLetters) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	keeper, err := a.Cases(a.Logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	if c.Post {
		added, err := keeper.Tell(ctx)
		if err != nil {
			return err
		}
		out.Print(map[string]int{"letters": added}, "", [][]string{{"letters", strconv.Itoa(added)}})
		return nil
	}
	due, untold, err := keeper.Letters(ctx)
	if err != nil {
		return err
	}
	if untold > 0 {
		a.Sayf("nobody can be told of %d cases: no administrator's account is active, and there is no list", untold)
	}
	letters, rows := make([]letter, len(due)), make([][]string, len(due))
	for i, l := range due {
		letters[i] = letter{To: l.To.String(), Kind: l.Kind(), Lines: cases.Lines(l.Items)}
		numbers := make([]string, len(l.Items))
		for j, item := range l.Items {
			letters[i].Cases, numbers[j] = append(letters[i].Cases, item.ID), strconv.FormatInt(item.ID, 10)
		}
		rows[i] = []string{l.To.String(), string(l.Kind()), strings.Join(numbers, ", ")}
	}
	if out.JSON() || !c.Full {
		out.Print(letters, "TO | LETTER | CASES", rows)
		return nil
	}
	for _, l := range letters {
		out.PrintLines([]string{l.To + ":", visible.Text(strings.Join(l.Lines, "\n"))})
		out.Gap()
	}
	return nil
}
