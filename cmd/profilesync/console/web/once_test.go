package web

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// cutOff are keys of a form whose first request was cut off. To look takes a moment.
type cutOff struct{ Keys }

func (cutOff) BeginKey(ctx context.Context, _, _ string) (bool, accessstore.Answer, error) {
	<-time.After(time.Millisecond)
	return false, accessstore.Answer{}, ctx.Err()
}

// A form whose first request was cut off is refused in words after some time, whenever the
// time is over: it is no failure.
func TestAFormThatWasCutOffIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		claimed, before, err := NewDesk(cutOff{}, slog.New(slog.DiscardHandler)).claim(t.Context(), "ann", "form x")
		require.NoError(t, err)
		require.False(t, claimed)
		require.Zero(t, before.Status)
		require.InDelta(t, awaits, time.Since(began), float64(looks))
	})
}
