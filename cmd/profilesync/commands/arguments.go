package commands

import (
	"context"
	"os/user"

	"github.com/profilesync/profilesync/cmd/internal/progress"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
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

// Acting returns what does what a command asks for, and a context that says who asks:
// the actor named, or the operating-system user. Who may run commands may do all.
func Acting(ctx context.Context, a *wiring.App, actor string) (context.Context, *actions.Actions) {
	principal := guard.Principal{Name: ActorOr(actor), Person: true, Verbs: guard.Verbs()}
	return guard.With(ctx, principal), &actions.Actions{App: a, OSUser: osUser()}
}

// WithProgress does work whose progress is shown on standard error.
func WithProgress(a *wiring.App, does *actions.Actions, work func() error) error {
	shown := progress.On(a.Stderr, wiring.IsTerminal(a.Stderr))
	defer shown.End()
	does.Progress = shown.Report
	return work()
}

// dayFlag parses a day given with a flag; none is the zero day.
func dayFlag(flag, text string) (profile.Date, error) {
	day, err := profile.ParseDate(text)
	if err != nil {
		return day, Usagef("%s: %w", flag, err)
	}
	return day, nil
}
