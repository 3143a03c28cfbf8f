package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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

// answered are keys that remember the last answer.
type answered struct {
	Keys

	last accessstore.Answer
}

func (k *answered) AnswerKey(_ context.Context, _, _ string, a accessstore.Answer) error {
	k.last = a
	return nil
}

// A deed that panics has an answer: whoever sends the form again does not wait for one.
func TestADeedThatPanicsIsAnswered(t *testing.T) {
	t.Parallel()
	keys := &answered{}
	desk := NewDesk(keys, slog.New(slog.DiscardHandler))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/x", http.NoBody)
	panics := Deed{Subject: func(*http.Request) string { panic("of the test") }}
	require.PanicsWithValue(t, "of the test", func() {
		desk.first(httptest.NewRecorder(), r, sending{"ann", "form x", []byte("d")}, Route{}, panics)
	})
	require.Equal(t, accessstore.Answer{Digest: []byte("d"), Status: http.StatusInternalServerError}, keys.last)
}

// The audit names whole codes, and says how many more there are.
func TestSubjectsNameWholeCodes(t *testing.T) {
	t.Parallel()
	var codes []string
	for n := range 500 {
		codes = append(codes, fmt.Sprintf("RV%03d", n))
	}
	for want, names := range map[string][]string{
		"": nil, "RR8": {"RR8"}, "RR8,RVJ": {"RR8", "RVJ"},
		"and-1-more": {strings.Repeat("A", 500)},
	} {
		require.Equal(t, want, Several(names))
	}
	few := Several(codes[:33])
	require.Equal(t, codes[:33], strings.Split(few, ","), "as many as there is room for")
	many := strings.Split(Plain(Several(codes)), ",")
	last := len(many) - 1
	require.Equal(t, codes[:last], many[:last])
	require.Equal(t, fmt.Sprintf("and-%d-more", 500-last), many[last])
	require.Greater(t, last, 25)
}
