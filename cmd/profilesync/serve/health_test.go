package serve

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestAliveMeansMakingProgress(t *testing.T) {
	t.Parallel()
	every := func(times int, do ...func()) {
		for range times {
			time.Sleep(time.Second) //nolint:forbidigo // on synctest's clock
			for _, one := range do {
				one()
			}
		}
	}
	for name, test := range map[string]struct {
		happens func(*health)
		want    string
	}{
		"all is well":               {func(h *health) { every(2000, h.databaseAnswered, h.dispatched) }, ""},
		"the database is down":      {func(h *health) { every(2000, h.databaseLost) }, ""},
		"it came back a moment ago": {func(h *health) { every(2000, h.databaseLost); every(5, h.databaseAnswered) }, ""},
		"nothing asks the database": {
			func(h *health) { every(10, h.databaseAnswered, h.dispatched); every(61) }, "the database has not been contacted",
		},
		"the first round never ends": {func(h *health) { every(300, h.databaseAnswered) }, "the dispatcher has made no round"},
		"the dispatcher hangs":       {func(h *health) { h.dispatched(); every(100, h.databaseAnswered) }, "the dispatcher has made no round"},
		"the first round takes long": {func(h *health) { every(200, h.databaseAnswered) }, ""},
		"the workers have stopped": {func(h *health) {
			stopped := make(chan struct{})
			h.working(stopped)
			close(stopped)
		}, "the workers have stopped"},
		"work begins again": {func(h *health) {
			stopped := make(chan struct{})
			h.working(stopped)
			close(stopped)
			h.endLife()
			every(2000, h.databaseLost)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHealth(time.Now)
				test.happens(h)
				if err := h.alive(); test.want != "" {
					require.ErrorContains(t, err, test.want)
					require.ErrorAs(t, err, new(admin.FaultError))
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

func TestReadyMeansThatEverythingMakesProgress(t *testing.T) {
	t.Parallel()
	route := func(due, tried time.Duration) watchstore.ForwardProgress {
		return watchstore.ForwardProgress{Routes: []watchstore.RouteProgress{{Sink: push.SinkDoS, Route: "fhir", Due: due, Tried: tried}}}
	}
	since := func(activity string, ago time.Duration) watchstore.ForwardProgress {
		return watchstore.ForwardProgress{Since: map[string]time.Duration{activity: ago}}
	}
	for name, test := range map[string]struct {
		progress watchstore.ForwardProgress
		uptime   time.Duration
		want     string
		word     string
	}{
		"nothing yet":           {watchstore.ForwardProgress{}, time.Hour, "", ""},
		"a backlog in progress": {route(time.Hour, time.Second), time.Hour, "", ""},
		"a stalled route":       {route(time.Hour, 5*time.Minute), time.Hour, "dos (fhir) have been due for 1h0m0s and none", "pushes"},
		"a sink it does not push to": {watchstore.ForwardProgress{Routes: []watchstore.RouteProgress{
			{Sink: push.SinkWebsite, Route: "profile", Due: time.Hour, Tried: time.Hour},
		}}, time.Hour, "", ""},
		"no dispatcher":              {since(postgres.ActivityDispatch, 3*time.Minute), time.Hour, "dispatch: no progress for 3m", "dispatch"},
		"no tick":                    {since(postgres.ActivityTick, 3*time.Minute), time.Hour, "tick: no progress for 3m0s", "tick"},
		"all was stalled until now":  {since(postgres.ActivityTick, time.Hour), time.Minute, "", ""},
		"a job without a worker":     {watchstore.ForwardProgress{Abandoned: 2, Oldest: time.Hour}, time.Hour, "2 jobs are marked", "jobs"},
		"a worker lost a moment ago": {watchstore.ForwardProgress{Abandoned: 2, Oldest: time.Second}, time.Hour, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := stalled(test.progress, wiring.Sinks{push.SinkDoS: nil}, test.uptime); test.want != "" {
				require.ErrorContains(t, err, test.want)
				var fault admin.FaultError
				require.ErrorAs(t, err, &fault)
				require.Equal(t, test.word, fault.Word)
			} else {
				require.NoError(t, err)
			}
		})
	}
}
