package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type remindCmd struct {
	Preview bool   `xor:"what" required:"" help:"Show who would get which reminder and why, and send nothing."`
	Post    bool   `xor:"what" required:"" help:"Make the reminders due that people are due today; the daemon sends them."`
	SendNow string `xor:"what" required:"" placeholder:"CODE" help:"Remind the people of this organisation now, once a day."`
	Date    string `placeholder:"YYYY-MM-DD" help:"With --preview: as if it were that day."`
}

// Help is shown by --help.
func (*remindCmd) Help() string {
	return `People are reminded on the first working day of a quarter, 28 and 14 days and 3 working days
before its end, and account managers the day after; one letter a person, of all organisations
that miss something. Each stage is sent once; who has checked everything gets none.`
}

func (c *remindCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	reminders, err := a.reminders()
	if err != nil {
		return err
	}
	switch {
	case c.Preview:
		return c.preview(ctx, a, reminders)
	case c.Date != "":
		return exitError{exitUsage, "--date: only with --preview"}
	case c.Post:
		return posted(ctx, a, reminders.Post)
	}
	code, err := profile.ParseODSCode(c.SendNow)
	if err != nil {
		return exitError{exitUsage, "--send-now: " + err.Error()}
	}
	return posted(ctx, a, func(ctx context.Context) (int, error) { return reminders.SendNow(ctx, code) })
}

func posted(ctx context.Context, a *app, post func(context.Context) (int, error)) error {
	added, err := post(ctx)
	if err != nil {
		return err
	}
	a.print(map[string]int{"letters": added}, "", [][]string{{"letters", strconv.Itoa(added)}})
	return nil
}

// previewedReminder is a reminder as previews show it: ids and organisations, no names.
type previewedReminder struct {
	Stage   string   `json:"stage"`
	Quarter string   `json:"quarter"`
	To      string   `json:"to"` // u-4711, or the board of a list
	Missing []string `json:"missing"`
}

func (c *remindCmd) preview(ctx context.Context, a *app, reminders *jobs.Reminders) error {
	if err := playDay(c.Date, &reminders.Now); err != nil {
		return err
	}
	list := []previewedReminder{}
	err := reminders.Plan(ctx, nil, func(due []people.Reminder) error {
		for _, m := range due {
			to := m.Account.String()
			if m.Account == 0 {
				to = "list of " + string(m.List)
			}
			list = append(list, previewedReminder{string(m.Stage), m.Quarter.String(), to, m.Lines})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(x, y previewedReminder) int {
		return cmp.Or(cmp.Compare(x.Quarter, y.Quarter), cmp.Compare(x.Stage, y.Stage))
	})
	rows := make([][]string, len(list))
	for i, m := range list {
		rows[i] = []string{m.Quarter, m.Stage, m.To, strings.Join(m.Missing, "\n")}
	}
	a.print(list, "QUARTER | STAGE | TO | WHAT IS MISSING", rows)
	return nil
}

// playDay lets a preview look from the morning of another day.
func playDay(text string, now *func() time.Time) error {
	if text == "" {
		return nil
	}
	day, err := profile.ParseDate(text)
	if err != nil || day.IsZero() {
		return exitError{exitUsage, "--date: " + errors.Join(err).Error()}
	}
	at := time.Date(day.Time().Year(), day.Time().Month(), day.Time().Day(), 9, 0, 0, 0, profile.London())
	*now = func() time.Time { return at }
	return nil
}
