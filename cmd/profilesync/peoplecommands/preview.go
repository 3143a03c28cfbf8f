package peoplecommands

import (
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// playDay makes a preview run as of the morning of another day.
func playDay(text string, now *func() time.Time) error {
	if text == "" {
		return nil
	}
	day, err := profile.ParseDate(text)
	if err != nil {
		return commands.Usagef("--date: %w", err)
	}
	at := time.Date(day.Time().Year(), day.Time().Month(), day.Time().Day(), 9, 0, 0, 0, profile.London())
	*now = func() time.Time { return at }
	return nil
}
