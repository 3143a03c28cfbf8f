package simulate

import "time"

// Pace is how fast requests came. A client that spaces its requests well can
// still be seen with one more in a second than it sent: networks bunch.
type Pace struct {
	Requests      int       `json:"requests"`
	Limited       int       `json:"limited"`         // answered 429
	PeakPerSecond int       `json:"peak_per_second"` // most in any one second, wherever it begins
	PerSecond     float64   `json:"per_second"`      // on average, from the first to the last
	ShortestGapMS float64   `json:"shortest_gap_ms"` // between two requests; 0 with fewer than two
	First         time.Time `json:"first"`
	Last          time.Time `json:"last"`
}

// Pacer measures as requests come. It is guarded by whoever has it.
type Pacer struct {
	Limited int // answered 429

	recent   []time.Time // of the last window
	requests int
	peak     int
	gap      time.Duration
	first    time.Time
	last     time.Time
}

// Came notes a request, and returns how many came within the window that ends
// with it, itself included: the half-open one, so that 100 ms apart are ten a
// second.
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

// Peak is the most requests within one window.
func (p *Pacer) Peak() int { return p.peak }

// Requests is how many came.
func (p *Pacer) Requests() int { return p.requests }

// Pace sums up, where the window was a second.
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
