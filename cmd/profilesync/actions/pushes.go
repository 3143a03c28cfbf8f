package actions

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Pushes lists pushes, the most recently wanted first.
func (a *Actions) Pushes(ctx context.Context, f pushstore.PushFilter) ([]pushstore.ListedPush, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Pushes.Pushes(ctx, f)
}

// CountPushes counts the pushes of each sink, state and route.
func (a *Actions) CountPushes(ctx context.Context) ([]pushstore.PushCount, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Pushes.CountPushes(ctx)
}

// Retry says which pushes are sent again.
type Retry struct {
	Codes     []profile.ODSCode
	Sinks     []push.Sink
	Overwrite bool // even if it overwrites what nobody stated
}

// RetryPushes asks for pushes again, and returns their states once they are settled, or
// after wait; a daemon sends those that are not. To overwrite is only for
// principals who may approve.
func (a *Actions) RetryPushes(ctx context.Context, r Retry, wait time.Duration) (states []pushstore.ListedPush, err error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if len(r.Codes) == 0 {
		return nil, invalid("codes", ": say which organisations")
	}
	if principal, _ := guard.From(ctx); r.Overwrite && !principal.May(guard.Approve) {
		return nil, &Error{Kind: Forbidden, Text: "to overwrite what nobody stated is only for who may approve"}
	}
	forced, err := a.App.Store.Pushes.ForcePushes(ctx, r.Codes, r.Sinks, r.Overwrite, actor)
	if err != nil {
		return nil, err
	}
	if len(forced) == 0 {
		return nil, missing("%v: not pushed to any sink", r.Codes)
	}
	if wait > 0 {
		if err := a.App.AwaitPushes(ctx, forced, wait); err != nil {
			return nil, err
		}
	}
	for _, f := range forced {
		pushes, err := a.App.Store.Pushes.Pushes(ctx, pushstore.PushFilter{Code: f.Code, Sink: f.Sink, Most: 1})
		if err != nil {
			return nil, err
		}
		states = append(states, pushes...)
	}
	return states, nil
}

// PushPreview says what would become of the push to one sink.
type PushPreview struct {
	Sink   push.Sink  `json:"sink"`
	Route  string     `json:"route,omitempty"`
	State  push.State `json:"state"`
	Later  bool       `json:"later,omitempty"` // wanted, but not sent before the sink can be read
	Reason string     `json:"reason,omitempty"`

	Rows []push.PreviewRow `json:"-"`
}

// PreviewPush makes the very delivery that a push would send now to each of the sinks
// that are configured, and says what each does with it. Nothing is sent.
func (a *Actions) PreviewPush(ctx context.Context, code profile.ODSCode, wanted []push.Sink) (previews []PushPreview, err error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	sinks, err := a.App.Sinks()
	if err != nil {
		return nil, err
	}
	for _, pusher := range a.App.Pushers(a.App.Store.Pushes, chosen(sinks, wanted), slog.New(slog.DiscardHandler), nil) {
		shown, err := previewOf(ctx, pusher, sinks[pusher.Name], code, a.App.Today())
		if err == nil {
			err = context.Cause(ctx) // what could not be read for it is no preview
		}
		if err != nil {
			return nil, err
		}
		previews = append(previews, shown)
	}
	if len(previews) == 0 {
		return nil, unset("no such sink is configured: set PROFILESYNC_DOS_URL or PROFILESYNC_WEBSITE_URL")
	}
	return previews, nil
}

func chosen(sinks wiring.Sinks, wanted []push.Sink) wiring.Sinks {
	some := make(wiring.Sinks)
	for _, name := range wanted {
		if sinks[name] != nil {
			some[name] = sinks[name]
		}
	}
	return some
}

func previewOf(
	ctx context.Context, pusher *pushjobs.Pusher, sink wiring.Sink, code profile.ODSCode, today profile.Date,
) (PushPreview, error) {
	p, err := pusher.Preview(ctx, code)
	if err != nil {
		return PushPreview{}, err
	}
	var effects push.Effects
	if p.Delivery.Code != "" {
		effects, err = sink.Effects(ctx, p.Delivery, today)
	}
	if refused, ok := errors.AsType[*push.SinkError](err); ok {
		p.State, p.Reason, err = push.Refused, refused.Reason, nil
	}
	if effects.Nothing != "" && p.IsSent() {
		p.Reason = effects.Nothing
	}
	if p.Shown == nil && p.Unread == "" && p.State != push.NoRoute {
		p.Unread = "it is not configured to be read"
	}
	shown := PushPreview{Sink: pusher.Name, Route: p.Route.Name, State: p.State, Later: p.Later, Reason: p.Reason, Rows: p.Rows(effects)}
	if p.Unread != "" {
		shown.Reason = cmp.Or(p.Reason, "what "+string(pusher.Name)+" shows is "+push.NotVisible+": "+p.Unread)
	}
	return shown, err
}

// Hold is a request to freeze a field of a profile, or a profile for a sink: exactly one
// of Field and Sink is set.
type Hold struct {
	Code   profile.ODSCode
	Field  profile.Field
	Sink   push.Sink
	Until  profile.Date // the last day; zero for no end
	Reason string
}

// AddHold freezes a field of a profile, or a profile for a sink, and returns the hold's
// number.
func (a *Actions) AddHold(ctx context.Context, h Hold) (int64, error) {
	actor, err := a.who(ctx)
	if err != nil {
		return 0, err
	}
	switch {
	case (h.Field == profile.NoField) == (h.Sink == ""):
		return 0, invalid("field", " or sink: say what is held, one of the two")
	case strings.TrimSpace(h.Reason) == "":
		return 0, invalid("reason", ": say why")
	case !h.Until.IsZero() && h.Until.Before(a.App.Today()):
		return 0, invalid("until", " %s: that day has passed", h.Until)
	}
	if err := a.Ready(ctx); err != nil {
		return 0, err
	}
	hold := pushstore.Hold{Code: h.Code, Sink: string(h.Sink), Until: h.Until, Reason: h.Reason, Actor: actor}
	if h.Field != profile.NoField {
		hold.Field = h.Field.String()
	}
	return a.App.Store.Pushes.AddHold(ctx, hold)
}

// Holds lists the holds in force, of one profile or of all; with ended, all ever made.
func (a *Actions) Holds(ctx context.Context, code profile.ODSCode, ended bool) ([]pushstore.Hold, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Pushes.Holds(ctx, code, a.App.Today(), ended)
}

// RemoveHold ends a hold before its time.
func (a *Actions) RemoveHold(ctx context.Context, id int64) error {
	actor, err := a.Begin(ctx)
	if err != nil {
		return err
	}
	return a.App.Store.Pushes.RemoveHold(ctx, id, actor)
}
