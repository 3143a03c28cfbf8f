package httpx

import (
	"time"

	"github.com/sony/gobreaker/v2"
)

// Limits bound the requests to one outside system. A field that is not above zero
// means its default: the connector's own if it has one, else the one here.
type Limits struct {
	PerSecond float64       // requests a second, retries included; default 5
	Timeout   time.Duration // of one attempt, reading its body included; default 30 s
	MaxBytes  int64         // of one answer, decompressed; default 16 MiB
	Attempts  int           // of one request, the first included; default 4
	Backoff   time.Duration // before the second attempt, doubled after each, with full jitter; default 500 ms
	Trip      int           // failures in a row that open the breaker, each record once (WithRecord); default 8
	Cooldown  time.Duration // how long it then stays open; default 30 s

	// Opened is called with the name of the outside system whenever the breaker opens, also
	// when it opens again after a cool-down; nil: nobody is told.
	Opened func(system string)
}

// Or returns the limits with unset fields filled in from others.
func (l Limits) Or(others Limits) Limits {
	opened := l.Opened
	if opened == nil {
		opened = others.Opened
	}
	return Limits{
		Opened:    opened,
		PerSecond: firstPositive(l.PerSecond, others.PerSecond),
		Timeout:   firstPositive(l.Timeout, others.Timeout),
		MaxBytes:  firstPositive(l.MaxBytes, others.MaxBytes),
		Attempts:  firstPositive(l.Attempts, others.Attempts),
		Backoff:   firstPositive(l.Backoff, others.Backoff),
		Trip:      firstPositive(l.Trip, others.Trip),
		Cooldown:  firstPositive(l.Cooldown, others.Cooldown),
	}
}

func firstPositive[N int | int64 | float64 | time.Duration](limit, other N) N {
	if limit > 0 {
		return limit
	}
	return other
}

// StateChanged is a breaker's OnStateChange that calls Opened.
func (l Limits) StateChanged(system string, _, to gobreaker.State) {
	if to == gobreaker.StateOpen && l.Opened != nil {
		l.Opened(system)
	}
}

var defaultLimits = Limits{
	PerSecond: 5, Timeout: 30 * time.Second, MaxBytes: 16 << 20, Attempts: 4, Backoff: 500 * time.Millisecond,
	Trip: 8, Cooldown: 30 * time.Second,
}
