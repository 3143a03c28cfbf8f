package notifytest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// bucket is the limit on requests with a key: 1,000 tokens, refilled with 50 a
// second (CONTRACT.md "Limits"). The zero value is full.
type bucket struct {
	used float64
	at   time.Time
}

const (
	bucketSize   = 1000
	bucketRefill = 50
)

func (b *bucket) take(now time.Time, scale float64) bool {
	b.used = max(0, b.used-max(0, now.Sub(b.at).Seconds())*bucketRefill*scale)
	b.at = now
	if b.used+1 > bucketSize*scale {
		return false
	}
	b.used++
	return true
}

// limited answers 429 if a request exceeds either limit.
func (s *Server) limited() (simulate.Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if s.options.Scale > 0 && !s.bucket.take(now, s.options.Scale) {
		return refused(http.StatusTooManyRequests, "RateLimitError",
			fmt.Sprintf("Exceeded rate limit for key type %s of 3000 requests per 60 seconds", keyName(s.options.Kind))), true
	}
	if day := now.Format(time.DateOnly); day != s.day {
		s.day, s.sum = day, 0
	}
	if s.options.Kind != Test && s.sum >= s.options.Daily {
		return refused(http.StatusTooManyRequests, "TooManyRequestsError",
			fmt.Sprintf("Exceeded send limits (email: %d) for today", s.options.Daily)), true
	}
	return simulate.Answer{}, false
}

func keyName(kind KeyKind) string {
	return map[KeyKind]string{Live: "LIVE", Test: "TEST", Team: "TEAM"}[kind]
}
