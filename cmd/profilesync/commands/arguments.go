package commands

import (
	"context"
	"os/user"

	"github.com/profilesync/profilesync/cmd/internal/progress"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/remote"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// OpenForOrganisation returns the code of the organisation that a command is about, which
// has a profile. Where commands use a database, it is open then.
func OpenForOrganisation(ctx context.Context, a *wiring.App, text string) (profile.ODSCode, error) {
	code, err := profile.ParseODSCode(text)
	if err != nil {
		return "", Usage(err)
	}
	return code, RequireProfiles(ctx, a, []profile.ODSCode{code})
}

// RequireProfiles returns an error of usage for the first code that no profile has, with
// the nearest that one has.
func RequireProfiles(ctx context.Context, a *wiring.App, codes []profile.ODSCode) error {
	ctx, does := Acting(ctx, a, "")
	return does.RequireProfiles(ctx, codes)
}

// RequireArea returns an error of usage, with the nearest, if no profile has the board or
// region; none is allowed. The input is region, icb or board: it is for a flag by which
// nothing was found.
func RequireArea(ctx context.Context, a *wiring.App, input, area string) error {
	if area == "" {
		return nil
	}
	ctx, does := Acting(ctx, a, "")
	return does.RequireArea(ctx, input, area)
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
// the actor named, or the operating-system user. Who may run commands on the database may
// do all; a daemon that is asked instead knows who asks by the token.
func Acting(ctx context.Context, a *wiring.App, actor string) (context.Context, Doer) {
	principal := guard.Principal{Name: ActorOr(actor), Person: true, Verbs: guard.Verbs()}
	ctx = guard.With(ctx, principal)
	if a.Settings.UsesServer() {
		return ctx, remote.New(a)
	}
	return ctx, upkeep.Upkeep{Actions: &actions.Actions{App: a, OSUser: osUser()}}
}

// WithProgress does work whose progress is shown on standard error.
func WithProgress(a *wiring.App, does Doer, work func() error) error {
	shown := progress.On(a.Stderr, wiring.IsTerminal(a.Stderr))
	defer shown.End()
	does.ShowProgress(shown.Report)
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
