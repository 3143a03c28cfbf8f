package commands

import (
	"context"
	"fmt"
	"os/user"

	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// OpenForOrganisation opens the database for a command about one organisation.
func OpenForOrganisation(ctx context.Context, a *wiring.App, text string) (profile.ODSCode, error) {
	code, err := profile.ParseODSCode(text)
	if err != nil {
		return "", Usage(err)
	}
	return code, a.Open(ctx)
}

// ParseCodes parses ODS codes; an error is one of usage.
func ParseCodes(texts []string) ([]profile.ODSCode, error) {
	codes := make([]profile.ODSCode, len(texts))
	for i, text := range texts {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return nil, Usage(err)
		}
		codes[i] = code
	}
	return codes, nil
}

// ParseSinks returns the sink named, or all if none is.
func ParseSinks(text string) ([]push.Sink, error) {
	if text == "" {
		return push.Sinks(), nil
	}
	sink, err := push.ParseSink(text)
	if err != nil {
		return nil, Usage(err)
	}
	return []push.Sink{sink}, nil
}

// ActorOr returns the actor named, or the operating-system user.
func ActorOr(named string) string {
	if named != "" {
		return named
	}
	if name := osUser(); name != "" {
		return name
	}
	return "unknown"
}

// osUser is the operating-system user, recorded beside the actor; empty where the
// system does not know one.
func osUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// pastOrToday parses a day given with a flag: none is after today.
func pastOrToday(flag, text string, today profile.Date) (profile.Date, error) {
	day, err := profile.ParseDate(text)
	if err != nil {
		return day, fmt.Errorf("%s: %w", flag, err)
	}
	if day.After(today) {
		return day, fmt.Errorf("%s %s: that day has not come yet (today is %s)", flag, day, today)
	}
	return day, nil
}
