package watchstore

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
)

// WatchedPeople is the current state of people, mail and the calendar.
type WatchedPeople struct {
	Accounts   []AccountCount
	Letters    []LetterCount
	MailPaused string // stopped (by a person), paused (by the mail service), or empty
	// MailPausedFor is the time since a person stopped it, or the rest of the mail
	// service's pause.
	MailPausedFor time.Duration
	CalendarAge   time.Duration // since the official list was read; negative if it never was
	Vanished      int           // future days that it no longer names
}

// AccountCount counts accounts.
type AccountCount struct {
	State    string // of accounts; withheld, kept or held for those due to end
	Accounts int
}

// LetterCount counts letters.
type LetterCount struct {
	Kind, State string
	Letters     int
}

func (w *WatchedPeople) read(ctx context.Context, q *watchsql.Queries) error {
	accounts, err := q.CountPeople(ctx)
	if err != nil {
		return postgres.Wrap(err, "accounts")
	}
	for _, r := range accounts {
		w.Accounts = append(w.Accounts, AccountCount{string(r.State), r.Accounts})
	}
	letters, err := q.CountLetters(ctx)
	if err != nil {
		return postgres.Wrap(err, "letters")
	}
	for _, r := range letters {
		w.Letters = append(w.Letters, LetterCount{string(r.Kind), r.State, r.Letters})
	}
	gate, err := q.MailGate(ctx)
	if err != nil {
		return postgres.Wrap(err, "mail")
	}
	switch {
	case !gate.StoppedAt.IsZero():
		w.MailPaused, w.MailPausedFor = "stopped", ofSeconds(gate.Since)
	case !gate.Open:
		w.MailPaused, w.MailPausedFor = "paused", ofSeconds(gate.Left)
	}
	calendar, err := q.CalendarState(ctx)
	w.CalendarAge, w.Vanished = ofSeconds(calendar.Age), calendar.Vanished
	return postgres.Wrap(err, "calendar")
}
