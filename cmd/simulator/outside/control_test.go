package outside

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// registerDay is the day on which the registers of these tests begin.
var registerDay = profile.NewDate(2026, 3, 1)

func smallWorld(t *testing.T) *odstest.World {
	t.Helper()
	world, err := NewRegister(7, 2000, registerDay, Key)
	require.NoError(t, err)
	return world
}

// siteOf is the site of a register.
func siteOf(t *testing.T, world *odstest.World) http.Handler {
	t.Helper()
	o, err := New(world, Key, time.Now)
	require.NoError(t, err)
	return o.site()
}

// ask sends a request to the site and reads the answer.
func ask(t *testing.T, world *odstest.World, method, target string) (status int, played odstest.Played, refusal string) {
	t.Helper()
	w := httptest.NewRecorder()
	siteOf(t, world).ServeHTTP(w, httptest.NewRequest(method, target, nil))
	var body struct {
		odstest.Played
		Error string `json:"error"`
	}
	if w.Header().Get("Content-Type") == "application/json" {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	}
	return w.Code, body.Played, body.Error
}

func TestTimeIsPlayedOverHTTP(t *testing.T) {
	t.Parallel()
	world := smallWorld(t)
	before, err := world.Facts("etr")
	require.NoError(t, err)

	status, played, _ := ask(t, world, http.MethodPost, ChurnPath+"?to=2026-03-31")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "2026-03-31", played.Day.String())
	require.Positive(t, played.Events["restamped"])

	status, played, _ = ask(t, world, http.MethodPost, RecodePath+"?on=2026-04-01")
	require.Equal(t, http.StatusOK, status)
	require.Greater(t, played.Events["icb"], Trusts/6)
	require.Less(t, played.Events["icb"], Trusts/2)
	after, err := world.Facts("etr")
	require.NoError(t, err)
	require.NotEqual(t, before, after)

	_, played, _ = ask(t, world, http.MethodPost, RecodePath+"?on=2026-04-02")
	require.Zero(t, played.Events["icb"], "a second recode finds nothing to do")

	status, played, _ = ask(t, world, http.MethodPost, DayPath+"?to=2026-04-20")
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, played.Events)
	_, played, _ = ask(t, world, http.MethodGet, DayPath)
	require.Equal(t, profile.NewDate(2026, 4, 20), played.Day)
	require.Equal(t, played.Day, world.Day())
}

func TestControlRefusesAnythingButAFutureDay(t *testing.T) {
	t.Parallel()
	world := smallWorld(t)
	for target, want := range map[string]string{
		ChurnPath:                     "to=: want a day like 2026-04-01",
		ChurnPath + "?to=tomorrow":    "to=tomorrow: want a day",
		RecodePath + "?to=2026-04-01": "on=: want a day",
		RecodePath + "?on=2026-02-28": "2026-02-28 is over: the register speaks of 2026-03-01",
		DayPath + "?to=2026-02-28":    "2026-02-28 is over",
	} {
		status, _, refusal := ask(t, world, http.MethodPost, target)
		require.Equal(t, http.StatusBadRequest, status, target)
		require.Contains(t, refusal, want)
	}
	status, _, _ := ask(t, world, http.MethodGet, ChurnPath+"?to=2026-03-31")
	require.NotEqual(t, http.StatusOK, status, "following a link must not move time on")
	require.Equal(t, registerDay, world.Day())
}

func TestTheOutsideSystemsAreServedBesideTheControl(t *testing.T) {
	t.Parallel()
	world := smallWorld(t)
	for target, want := range map[string]int{
		odstest.DSEPath + "?report=etr":             http.StatusOK,
		odstest.FHIRPath + "/Organization?_count=1": http.StatusUnauthorized, // it requires the key
	} {
		w := httptest.NewRecorder()
		siteOf(t, world).ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		require.Equal(t, want, w.Code, target)
	}
}
