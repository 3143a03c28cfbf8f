package serve

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// outage logs once that the database is unreachable and why, and once that it
// is reachable again and how long it was not. In between, log records that only
// repeat it are counted instead of written.
type outage struct {
	log *slog.Logger // where the outage is logged
	now func() time.Time

	mutex     sync.Mutex
	since     time.Time // start of the outage; zero if there is none
	dropped   int       // records dropped since then
	back      time.Time // the first answer since the last loss; zero while unreachable
	recovered *time.Timer
}

// recoveredAfter is how long the database must be answering before it is logged as
// reachable: connections that broke in the outage are discovered one by one.
const recoveredAfter = 5 * time.Second

func newOutage(log *slog.Logger, now func() time.Time) *outage { return &outage{log: log, now: now} }

// Answered records that the database answers.
func (o *outage) Answered() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.since.IsZero() || !o.back.IsZero() {
		return
	}
	o.back = o.now()
	o.recovered = time.AfterFunc(recoveredAfter, o.end)
}

// Lost records that the database did not answer a check.
func (o *outage) Lost(err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.begin(err, "")
	if !o.back.IsZero() {
		o.recovered.Stop()
		o.back = time.Time{}
	}
}

// begin logs that the database is unreachable, unless it was logged already.
// The caller holds the lock.
func (o *outage) begin(err error, first string) {
	if !o.since.IsZero() {
		return
	}
	o.since, o.dropped = o.now(), 0
	attrs := []any{slog.String("error", err.Error())}
	if first != "" {
		attrs = append(attrs, slog.String("first", first))
	}
	o.log.Error("the database is unreachable", attrs...)
}

// end logs that the database is reachable again, unless it was lost again.
func (o *outage) end() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.back.IsZero() {
		return
	}
	o.log.Warn("the database is reachable again",
		slog.String("away", o.back.Sub(o.since).Round(time.Millisecond).String()), slog.Int("dropped", o.dropped))
	o.since, o.back = time.Time{}, time.Time{}
}

// absorbs reports whether a record attrs nothing but that the database is
// unreachable.
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

// judge classifies a record by its message and by each of its attributes.
type judge interface {
	message(text string) lostness
	attribute(a slog.Attr) (lostness, error)
}

// during returns a logger whose records are classified before they are written.
func (o *outage) during(log *slog.Logger, by judge) *slog.Logger {
	return slog.New(&outageHandler{Handler: log.Handler(), outage: o, judge: by})
}

// outageHandler writes the records that are not only about an outage.
type outageHandler struct {
	slog.Handler

	outage *outage
	judge  judge
	bound  []slog.Attr // attributes of every record
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

// worst returns the strongest sign of an outage in a record, and its error.
func (h *outageHandler) worst(r slog.Record) (class lostness, found error) {
	class = h.judge.message(r.Message)
	check := func(a slog.Attr) bool {
		if c, err := h.judge.attribute(a); c > class {
			class, found = c, err
		}
		return true
	}
	for _, a := range h.bound {
		check(a)
	}
	r.Attrs(check)
	return class, found
}

// WithAttrs returns the handler with attributes on every record.
func (h *outageHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	other := *h
	other.Handler, other.bound = h.Handler.WithAttrs(attrs), slices.Concat(h.bound, attrs)
	return &other
}

// WithGroup returns the handler with the following attributes in a group.
func (h *outageHandler) WithGroup(name string) slog.Handler {
	other := *h
	other.Handler = h.Handler.WithGroup(name)
	return &other
}
