package whytext

import (
	"fmt"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// at says what became of a field at a sink: sent under which number, accepted, seen, or
// why not.
func (t story) at(p historystore.Push, f profile.Field) (steps []Step) {
	step := func(at time.Time, kind StepKind, text string, args ...any) {
		steps = append(steps, Step{
			Field: f.String(), At: at, Kind: kind, Sink: p.Sink, Number: p.Number, Text: string(p.Sink) + ": " + fmt.Sprintf(text, args...),
		})
	}
	if !t.whole {
		steps = append(steps, t.heldFor(func(s push.Sink) bool { return s == p.Sink }, f)...)
	}
	sent, stated := p.Sent[f.String()]
	switch {
	case p.Number == 0:
	case stated:
		step(p.SentAt, WasSent, "sent %s as number %d", quoted(sent), p.Number)
		answered(p, step)
	case p.LeftOut[f.String()] != "":
		step(p.SentAt, NotThere, "number %d left it out, since it is not taken: %s", p.Number, columns.OneLine(p.LeftOut[f.String()]))
	default:
		step(p.SentAt, NotThere, "number %d, the last one sent, does not state it", p.Number)
	}
	if p.State != push.Accepted {
		step(time.Time{}, NotThere, "%s", standing(p))
	}
	for _, d := range t.Drift {
		if d.Sink == p.Sink && d.Field == f.String() {
			step(d.At, Differs, "%s instead of %s", shows(d), quoted(d.Want))
		}
	}
	return steps
}

// answered says what the sink made of what was sent last.
func answered(p historystore.Push, step func(time.Time, StepKind, string, ...any)) {
	switch {
	case p.AcceptedNumber >= p.Number:
		step(p.Accepted, WasAccepted, "accepted number %d", p.AcceptedNumber)
	case p.Unclear:
		step(time.Time{}, NotThere, "whether number %d was taken is not known yet", p.Number)
	}
	if p.AcceptedNumber >= p.Number && !p.SeenAt.Before(p.Accepted) {
		step(p.SeenAt, WasSeen, "seen to show it")
	}
}

// standing says how a push stands that the sink has not accepted.
func standing(p historystore.Push) string {
	text := map[push.State]string{
		push.Wanted: "a push is wanted, and not sent yet", push.Refused: "the push was refused", push.Waits: "the push waits for a person",
		push.Held: "the push is held by a person", push.NoRoute: "there is no route for this type",
	}[p.State]
	if p.Reason != "" {
		text += ": " + columns.OneLine(p.Reason)
	}
	return text
}

func shows(d historystore.Drift) string {
	if d.Entry == "" {
		return "shows " + quoted(d.Shown)
	}
	return d.Entry + " shows " + quoted(d.Shown)
}
