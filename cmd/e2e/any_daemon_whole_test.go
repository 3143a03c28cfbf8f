package e2e

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requireWhole requires that nothing was lost, and nothing done twice.
func (l *fastLife) requireWhole() {
	l.t.Helper()
	l.t.Logf("%d kills; %d pages, the slowest in %s; %d edits; %d holds, %d listings; %d answers given again; %d of the front's %d requests "+
		"went to another daemon, %d were cut off, %d unclear", len(l.kills), l.pages.Load(), l.slowest.Round(time.Millisecond), l.edits.Load(),
		len(l.holds), len(l.runs), l.repeats.Load(), l.front.again.Load(), l.front.passed.Load(), l.front.cut.Load(), l.unclear)
	require.NotEmpty(l.t, l.kills)
	for _, count := range []int{len(l.holds), len(l.runs), int(l.pages.Load()), int(l.edits.Load())} {
		require.Positive(l.t, count)
	}
	require.LessOrEqual(l.t, l.unclear, int(l.front.cut.Load()), "only what was cut off is unclear")
	done := make(map[string]int)
	for key, status := range l.holds {
		if way, _, _ := strings.Cut(key, "-"); status != http.StatusConflict {
			done[way]++
		}
		made := l.count("select count(*) from hold where reason = $1", key)
		require.LessOrEqual(l.t, made, 1, "done twice: %s", key)
		if status != http.StatusConflict {
			require.Equal(l.t, 1, made, "%s was answered with %d", key, status)
		}
	}
	require.Positive(l.t, done["api"], "holds by the API")
	require.Positive(l.t, done["form"], "holds by the form of a page")
	for day, run := range l.runs {
		made := l.count("select count(*) from run where as_of = $1::date and actor = 'p-ben'", day)
		require.LessOrEqual(l.t, made, 1, "begun twice: %s", day)
		if run != "" {
			require.Equal(l.t, 1, l.count("select count(*) from run where as_of = $1::date and id = $2", day, run))
		}
	}
	l.within(patience, 0, "select count(*) from run where state in ('queued', 'running')")
	require.Zero(l.t, l.count("select count(*) from run where state = 'failed'"))
	l.waitUntilPushed()
	for code, phone := range l.phones {
		l.sinks.showPhone(code, phone)
	}
	l.requireExplained()
	l.requireSignedIn()
}

// requireExplained requires that every action without an outcome was cut off by a kill.
func (l *fastLife) requireExplained() {
	l.t.Helper()
	begun := one[[]time.Time](l.site, "select coalesce(array_agg(at), '{}') from action where outcome = 'begun'")
	for _, at := range begun {
		explained := false
		for _, kill := range l.kills {
			explained = explained || at.Before(kill.Add(time.Second)) && at.After(kill.Add(-10*time.Second))
		}
		require.True(l.t, explained, "an action of %s has no outcome, and no daemon was killed then", at)
	}
	open := l.count("select count(*) from idempotency_key where status is null")
	l.t.Logf("%d of %d actions have no outcome, and %d requests no answer: each was cut off by a kill", len(begun),
		l.count("select count(*) from action"), open)
	cut := int(l.front.cut.Load())
	require.LessOrEqual(l.t, len(begun), cut, "only what was cut off has no outcome")
	require.LessOrEqual(l.t, open, cut)
	require.Zero(l.t, l.count("select count(*) from action where outcome = 'failed'"))
}

// requireSignedIn requires that everybody is still signed in at every daemon, and that who
// signs out at one is so at all.
func (l *fastLife) requireSignedIn() {
	l.t.Helper()
	require.Equal(l.t, 3, l.count("select count(*) from session where ended_at is null"), "nobody had to sign in again")
	for _, who := range l.people {
		cookies := who.Jar.Cookies(parsedURL(l.t, l.front.URL))
		for _, address := range l.front.daemons {
			require.Equal(l.t, http.StatusOK, l.pageWith(address, cookies))
		}
		out, err := who.posts("/sign-out", "application/x-www-form-urlencoded", "", nil)
		require.NoError(l.t, err)
		require.Equal(l.t, http.StatusSeeOther, out.status)
		for _, address := range l.front.daemons {
			require.Equal(l.t, http.StatusSeeOther, l.pageWith(address, cookies), "a stolen cookie is worth nothing")
		}
	}
}

func parsedURL(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

// pageWith is the status of a page of one daemon, for whoever has the cookies.
func (l *fastLife) pageWith(address string, cookies []*http.Cookie) int {
	l.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(l.t.Context()), http.MethodGet, "http://"+address+"/now", nil)
	require.NoError(l.t, err)
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	answer, err := whole(eachDaemon.RoundTrip(request)) //nolint:bodyclose // whole closes it
	require.NoError(l.t, err)
	return answer.StatusCode
}
