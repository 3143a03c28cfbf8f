package httpx

import "time"

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
}

// Or returns the limits with unset fields filled in from others.
func (l Limits) Or(others Limits) Limits {
	return Limits{
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

var defaultLimits = Limits{
	PerSecond: 5, Timeout: 30 * time.Second, MaxBytes: 16 << 20, Attempts: 4, Backoff: 500 * time.Millisecond,
	Trip: 8, Cooldown: 30 * time.Second,
}
