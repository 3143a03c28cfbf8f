package dostest_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

// BenchmarkChangeEvents posts events of 11,161 pharmacies from eight senders, until the
// last one is applied; run it with -cpu 1.
func BenchmarkChangeEvents(b *testing.B) {
	w := start(b, dostest.Options{Variants: true})
	codes := make([]string, 11_161)
	for i := range codes {
		codes[i] = fmt.Sprintf("F%04X", i)
	}
	w.s.Seed(codes...)
	before, rest, _ := strings.Cut(eventOf(b, fields{"ODSCode": "FCODE", "UniqueKey": "unique"}), "FCODE")
	rest, after, _ := strings.Cut(rest, "unique")
	b.SetBytes(int64(len(before) + len(rest) + len(after)))
	const senders = 8
	var group sync.WaitGroup
	b.ResetTimer()
	for sender := range senders {
		group.Go(func() {
			for i := sender; i < b.N; i += senders {
				w.blast(int64(i), before+codes[i%len(codes)]+rest+strconv.Itoa(i)+after)
			}
		})
	}
	group.Wait()
	require.NoError(b, w.s.AwaitEmptyQueue(b.Context()))
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	require.Equal(b, map[string]int{"200": b.N}, w.s.Summary().Requests)
	require.Equal(b, map[dostest.Outcome]int{dostest.Applied: b.N}, w.s.Summary().Effects)
}

func (w world) blast(sequence int64, body string) {
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.base+dostest.EventPath, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return
	}
	request.Header["X-Api-Key"] = []string{key}
	request.Header["Sequence-Number"] = []string{strconv.FormatInt(sequence, 10)}
	request.Header["Content-Type"] = []string{"application/json"}
	response, err := w.http.Do(request)
	if err != nil {
		w.t.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
}
