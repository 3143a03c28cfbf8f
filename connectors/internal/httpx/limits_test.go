package httpx

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// set returns limits with every field set.
func set(n int) Limits {
	return Limits{
		PerSecond: float64(n), Timeout: time.Duration(n), MaxBytes: int64(n), Attempts: n,
		Backoff: time.Duration(n), Trip: n, Cooldown: time.Duration(n),
	}
}

func TestUnsetLimitsAreFilledIn(t *testing.T) {
	t.Parallel()
	require.Equal(t, set(2), Limits{}.Or(set(2)))
	require.Equal(t, set(2), set(-1).Or(set(2)))
	require.Equal(t, set(1), set(1).Or(set(2)))
	require.Equal(t, Limits{PerSecond: 1, Trip: 2}, Limits{PerSecond: 1}.Or(Limits{PerSecond: 3, Trip: 2}))
}

// The defaults are those that the comment of Limits promises.
func TestLimitsHaveDefaults(t *testing.T) {
	t.Parallel()
	require.Equal(t, Limits{
		PerSecond: 5, Timeout: 30 * time.Second, MaxBytes: 16 << 20, Attempts: 4,
		Backoff: 500 * time.Millisecond, Trip: 8, Cooldown: 30 * time.Second,
	}, Options{}.withDefaults().Limits)
	require.Equal(t, set(1), Options{Limits: set(1)}.withDefaults().Limits)
}
