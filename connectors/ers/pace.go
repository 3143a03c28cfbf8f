package ers

import (
	"context"
	"time"
)

// pace lets one request through at a time, with a full interval between any two: the
// platform smooths, so that it refuses a burst below the quota
// (CONTRACT.md "Limits"). A request that is late delays all after it; the interval
// between two never gets shorter.
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

// paces returns a Turn for this process alone.
func paces(credentials []Credential, perSecond float64) func(context.Context, string) error {
	each := make(map[string]*pace, len(credentials))
	for _, c := range credentials {
		each[c.Name] = newPace(perSecond)
	}
	return func(ctx context.Context, credential string) error { return each[credential].wait(ctx) }
}
