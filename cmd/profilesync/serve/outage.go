package serve

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// outage says once that the database is away and why, and once that it is back
// and for how long it was away. In between, records that only say the same again
// are counted instead of written.
type outage struct {
	log *slog.Logger // where it says so
	now func() time.Time

	mutex   sync.Mutex
	since   time.Time // zero while the database is not away
	dropped int       // records, since then
	back    time.Time // the first answer since it was lost last; zero while it is away
	settled *time.Timer
}

// settleAfter is for how long an answer must be the last word until the database
// is said to be back: connections that broke with it are found one by one.
const settleAfter = 5 * time.Second

func newOutage(log *slog.Logger, now func() time.Time) *outage { return &outage{log: log, now: now} }

// Answered notes that the database answers.
func (o *outage) Answered() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.since.IsZero() || !o.back.IsZero() {
		return
	}
	o.back = o.now()
	o.settled = time.AfterFunc(settleAfter, o.end)
}

// Lost notes that the database did not answer somebody who only asks whether it
// does.
func (o *outage) Lost(err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.begin(err, "")
	if !o.back.IsZero() {
		o.settled.Stop()
		o.back = time.Time{}
	}
}

// begin says that the database is away, unless that was said: under the lock.
func (o *outage) begin(err error, first string) {
	if !o.since.IsZero() {
		return
	}
	o.since, o.dropped = o.now(), 0
	says := []any{slog.String("error", err.Error())}
	if first != "" {
		says = append(says, slog.String("first", first))
	}
	o.log.Error("the database is away", says...)
}

// end says that it is back, unless it was lost again.
func (o *outage) end() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.back.IsZero() {
		return
	}
	o.log.Warn("the database is back",
		slog.String("away", o.back.Sub(o.since).Round(time.Millisecond).String()), slog.Int("dropped", o.dropped))
	o.since, o.back = time.Time{}, time.Time{}
}

// absorbs reports whether a record says nothing but that the database is away.
func (o *outage) absorbs(record string, err error, class lostness) bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	switch {
	case class == certainlyLost && o.since.IsZero():
		o.begin(err, record)
	case class == notLost || o.since.IsZero():
		return false
	default:
		o.dropped++
	}
	return true
}

// judge says what a record tells of the database, by its message and by each of
// its attributes.
type judge interface {
	message(text string) lostness
	attribute(a slog.Attr) (lostness, error)
}

// during is a logger whose records are judged before they are written.
func (o *outage) during(log *slog.Logger, by judge) *slog.Logger {
	return slog.New(&outageHandler{Handler: log.Handler(), outage: o, judge: by})
}

// outageHandler writes what is not about an outage alone.
type outageHandler struct {
	slog.Handler

	outage *outage
	judge  judge
	bound  []slog.Attr // to each record
}

// Handle writes a record, or counts it.
func (h *outageHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		class, err := h.worst(r)
		if class != notLost && h.outage.absorbs(r.Message, err, class) {
			return nil
		}
	}
	return h.Handler.Handle(ctx, r)
}

// worst finds what speaks most clearly of an outage.
func (h *outageHandler) worst(r slog.Record) (class lostness, found error) {
	class = h.judge.message(r.Message)
	look := func(a slog.Attr) bool {
		if is, err := h.judge.attribute(a); is > class {
			class, found = is, err
		}
		return true
	}
	for _, a := range h.bound {
		look(a)
	}
	r.Attrs(look)
	return class, found
}

// WithAttrs is the handler with attributes on each record.
func (h *outageHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	other := *h
	other.Handler, other.bound = h.Handler.WithAttrs(attrs), slices.Concat(h.bound, attrs)
	return &other
}

// WithGroup is the handler with the attributes that follow in a group.
func (h *outageHandler) WithGroup(name string) slog.Handler {
	other := *h
	other.Handler = h.Handler.WithGroup(name)
	return &other
}
