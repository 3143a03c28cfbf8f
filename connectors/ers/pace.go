package ers

import (
	"context"
	"time"
)

// pace lets one through at a time, with a full interval between any two: the
// platform smooths, so that a burst is refused below the quota
// (CONTRACT.md "Limits").
// A waker that is late delays all after it; it never lets two come closer.
type pace struct {
	every time.Duration
	slot  chan time.Time // holds when the next may go
}

func newPace(perSecond float64) *pace {
	p := &pace{every: time.Duration(float64(time.Second) / perSecond), slot: make(chan time.Time, 1)}
	p.slot <- time.Time{}
	return p
}

func (p *pace) wait(ctx context.Context) error {
	var next time.Time
	select {
	case next = <-p.slot:
	case <-ctx.Done():
		return ctx.Err()
	}
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-timer.C:
		p.slot <- time.Now().Add(p.every)
		return nil
	case <-ctx.Done():
		p.slot <- next
		return ctx.Err()
	}
}

// paces is a Turn of this process alone.
func paces(credentials []Credential, perSecond float64) func(context.Context, string) error {
	each := make(map[string]*pace, len(credentials))
	for _, c := range credentials {
		each[c.Name] = newPace(perSecond)
	}
	return func(ctx context.Context, credential string) error { return each[credential].wait(ctx) }
}
