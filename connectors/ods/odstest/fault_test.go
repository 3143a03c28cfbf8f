package odstest_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
)

func TestFaultsAnswerInTheWordsOfTheService(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	for _, status := range []int{400, 401, 403, 404, 406, 422, 429, 500, 502, 503, 504} {
		c.s.Fault(simulate.Fault{Names: []simulate.Name{simulate.Error(status)}, Times: 2, RetryAfter: 2})
		fhir, dse := c.fhir("/Organization"), c.report("?report=etr")
		require.Equal(t, status, fhir.status)
		require.Equal(t, status, dse.status)
		require.Equal(t, "2", fhir.header.Get("Retry-After"))
		require.Contains(t, string(fhir.body), `"resourceType":"OperationOutcome"`)
		require.Contains(t, string(dse.body), `{"error":`)
	}
	require.Equal(t, http.StatusOK, c.fhir("/Organization").status)
}

func TestFaultsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	c.s.Fault(
		simulate.Fault{Match: odstest.Path("/Organization"), Skip: 1, Names: []simulate.Name{simulate.Error(503)}},
		simulate.Fault{Match: odstest.Path("getReport"), Names: []simulate.Name{simulate.Error(500)}, Times: -1},
	)
	var got []int
	for range 3 {
		got = append(got, c.fhir("/Organization").status, c.report("?report=etr").status)
	}
	require.Equal(t, []int{200, 500, 503, 500, 200, 500}, got)
	c.s.Heal()
	require.Equal(t, http.StatusOK, c.report("?report=etr").status)
}

func TestCutBodies(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	for _, chunked := range []bool{false, true} {
		c.s.Fault(simulate.Fault{Names: []simulate.Name{simulate.Truncated}, CutAfter: 3000, Chunked: chunked, Times: 2})
		for _, r := range []reply{c.report("?report=edispensary"), c.fhir("/Organization")} {
			require.Equal(t, http.StatusOK, r.status)
			require.ErrorIs(t, r.err, io.ErrUnexpectedEOF)
			require.Len(t, r.body, 3000)
			require.Equal(t, !chunked, r.header.Get("Content-Length") != "")
		}
	}
}

func TestGarbledBodies(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	c.s.Fault(simulate.Fault{Names: []simulate.Name{simulate.Garbled}, Times: 2})
	fhir := c.fhir("/Organization")
	require.NoError(t, fhir.err)
	require.False(t, json.Valid(fhir.body))
	dse := c.report("?report=etr")
	require.NoError(t, dse.err)
	_, err := csv.NewReader(strings.NewReader(string(dse.body))).ReadAll()
	require.Error(t, err)
}

func TestSlowAnswersWaitForTheChannel(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	release := make(chan struct{})
	c.s.Fault(simulate.Fault{Wait: release, Times: 2})
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+odstest.DSEPath+"?report=etr", nil)
	require.NoError(t, err)
	left := make(chan error)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}
		left <- err
	}()
	require.Eventually(t, func() bool { return c.s.Count() == 1 }, 5*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	close(release)
	require.Equal(t, http.StatusOK, c.report("?report=etr").status)
}

func TestAReloadMovesRowsBetweenPages(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	whole := c.sweep("/Organization?roleCode=RO182&_count=100")
	c.s.Fault(simulate.Fault{Skip: 1, Do: func() { c.s.Shift(7) }})
	torn := c.sweep("/Organization?roleCode=RO182&_count=100")
	require.Len(t, torn, len(whole), "the count stays")
	require.Len(t, unique(torn), len(whole)-7, "seven are missed, seven met twice")

	c.s.Fault(simulate.Fault{Do: func() {
		if err := c.s.Register().Delete(whole[0], c.s.Register().AsOf()); err != nil {
			t.Error(err)
		}
	}})
	c.s.Fault(simulate.Fault{Do: c.s.Heal})
	require.Len(t, c.sweep("/Organization?roleCode=RO182&_count=100"), len(whole)-1)
	require.Equal(t, whole[1:], c.sweep("/Organization?roleCode=RO182&_count=100"), "Heal takes it back")
}

func TestTheNextLinkMayPointElsewhere(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	c.s.Fault(simulate.Fault{Names: []simulate.Name{simulate.NextElsewhere}, NextHost: "https://elsewhere.example"})
	b := c.bundle("/Organization?roleCode=RO182&_count=2")
	require.True(t, strings.HasPrefix(b.next(), "https://elsewhere.example"+odstest.FHIRPath+"/Organization?"), b.next())
	require.True(t, strings.HasPrefix(c.bundle("/Organization?roleCode=RO182&_count=2").next(), c.base))
}

func TestLinksBeginWithTheBaseURL(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{BaseURL: "https://ods.example"})
	require.True(t, strings.HasPrefix(c.bundle("/Organization").next(), "https://ods.example"+odstest.FHIRPath))
}

func TestThousandsCanBePaged(t *testing.T) {
	t.Parallel()
	reg := register.New(register.Options{Seed: 1, Counts: map[register.Report]int{register.Dispensaries: 20_000}})
	s, base := odstest.Start(t, reg, odstest.Options{})
	c := client{t, s, base}
	open := 0
	for o := range reg.All(register.Dispensaries) {
		if !o.Archived() {
			open++
		}
	}
	require.Len(t, unique(c.sweep("/Organization?roleCode=RO182,RO94&_count=1000")), open)
}
