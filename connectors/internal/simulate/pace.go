package simulate

import "time"

// Pace says how fast requests arrived. Even if a client spaces its requests well,
// one more may arrive in a second than it sent, since networks bunch them.
type Pace struct {
	Requests      int       `json:"requests"`
	Limited       int       `json:"limited"`         // answered 429
	PeakPerSecond int       `json:"peak_per_second"` // most in any period of one second
	PerSecond     float64   `json:"per_second"`      // on average, from the first to the last
	ShortestGapMS float64   `json:"shortest_gap_ms"` // between two requests; 0 with fewer than two
	First         time.Time `json:"first"`
	Last          time.Time `json:"last"`
}

// Pacer measures requests as they arrive. Its owner must guard it against concurrent
// use.
type Pacer struct {
	Limited int // answered 429

	recent   []time.Time // of the last window
	requests int
	peak     int
	gap      time.Duration
	first    time.Time
	last     time.Time
}

// Came notes a request, and returns how many arrived within the window that ends
// with it, including itself. The window is half-open, so that requests 100 ms apart
// are ten a second.
func (p *Pacer) Came(at time.Time, window time.Duration) int {
	if p.requests == 0 {
		p.first = at
	} else if gap := at.Sub(p.last); p.requests == 1 || gap < p.gap {
		p.gap = gap
	}
	p.last = at
	p.requests++
	for len(p.recent) > 0 && at.Sub(p.recent[0]) >= window {
		p.recent = p.recent[1:]
	}
	p.recent = append(p.recent, at)
	p.peak = max(p.peak, len(p.recent))
	return len(p.recent)
}

// Peak returns the most requests within one window.
func (p *Pacer) Peak() int { return p.peak }

// Requests returns the number of requests.
func (p *Pacer) Requests() int { return p.requests }

// Pace sums up; the window must have been a second.
func (p *Pacer) Pace() Pace {
	pace := Pace{
		Requests: p.requests, Limited: p.Limited, PeakPerSecond: p.peak, First: p.first, Last: p.last,
		ShortestGapMS: float64(p.gap) / float64(time.Millisecond),
	}
	if span := p.last.Sub(p.first); span > 0 {
		pace.PerSecond = float64(p.requests-1) / span.Seconds()
	}
	return pace
}
