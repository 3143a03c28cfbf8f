package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/identity"
)

// front is the one address of several daemons: it sends each request to the next of them.
// What reached nobody, and what only reads, it gives to another one; any other request that
// a daemon was killed over gets 502, as from every proxy.
type front struct {
	*httptest.Server

	daemons []string // host and port of each
	changes chan int // which daemon is being sent something that changes something
	next    atomic.Uint32
	passed  atomic.Int64 // answers of daemons
	again   atomic.Int64 // requests that another daemon was given
	cut     atomic.Int64 // requests that may have been begun, and got 502
}

func newFront(t *testing.T, daemons ...string) *front {
	t.Helper()
	f := &front{daemons: daemons, changes: make(chan int)}
	f.Server = httptest.NewServer(&httputil.ReverseProxy{
		Transport: f, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			f.cut.Add(1)
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, err.Error())
		},
	})
	t.Cleanup(f.Close)
	return f
}

// eachDaemon has no connections that a kill could leave half open.
var eachDaemon = &http.Transport{DisableKeepAlives: true, DisableCompression: true}

// RoundTrip gives a request to the next daemon that answers.
func (f *front) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	var why []string
	reads, first := r.Method == http.MethodGet, int(f.next.Add(1))
	for n := range 4 * len(f.daemons) {
		one := r.Clone(r.Context())
		chosen := (first + n) % len(f.daemons)
		one.URL.Host, one.Body = f.daemons[chosen], io.NopCloser(bytes.NewReader(body))
		if !reads {
			select {
			case f.changes <- chosen:
			default: // nobody wants to know
			}
		}
		answer, err := whole(eachDaemon.RoundTrip(one))
		dial := new(net.OpError)
		switch {
		case err == nil && (!reads || answer.StatusCode != http.StatusServiceUnavailable):
			f.passed.Add(1)
			return answer, nil
		case err != nil && !reads && (!errors.As(err, &dial) || dial.Op != "dial"):
			return nil, err
		}
		f.again.Add(1)
		why = append(why, fmt.Sprintf("%s: %v %s", one.URL.Host, err, said(answer)))
		if n >= len(f.daemons) {
			<-time.After(50 * time.Millisecond) // as a proxy does before it asks all of them again
		}
	}
	return nil, fmt.Errorf("no daemon answers: %s", strings.Join(why, "; "))
}

func said(answer *http.Response) string {
	if answer == nil {
		return ""
	}
	content, _ := io.ReadAll(answer.Body) // it is in memory
	return answer.Status + " " + string(content)
}

// whole is an answer of which all has arrived.
func whole(answer *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(content))
	return answer, err
}

// visitor is a person with a browser.
type visitor struct {
	*http.Client

	name string
	at   string // the address of the front
}

var hiddenField = regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`)

// signsIn signs a person in.
func (f *front) signsIn(t *testing.T, provider *identity.Provider, person identity.Person) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	v := &visitor{Client: &http.Client{Jar: jar, Timeout: time.Minute}, name: person.Subject, at: f.URL}
	status, page, err := v.get("/sign-in?to=/now")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, page)
	form := url.Values{"login": {person.Login}, "password": {person.Password}}
	for _, field := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(field[1], field[2])
	}
	answer, err := v.PostForm(provider.Issuer()+"/authorize", form)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "/now", answer.Request.URL.Path, "signed in, and back at the page")
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return v
}

func (v *visitor) get(path string) (status int, body string, err error) {
	answer, err := v.Get(v.at + path)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// sent is what became of a request that changes something.
type sent struct {
	status   int
	body     string
	location string
	replayed bool
}

// posts sends a request that changes something as a page of ours would.
func (v *visitor) posts(path, kind, key string, body []byte) (sent, error) {
	request, err := http.NewRequest(http.MethodPost, v.at+path, bytes.NewReader(body))
	if err != nil {
		return sent{}, err
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := v.Do(request)
	if err != nil {
		return sent{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return sent{answer.StatusCode, string(text), answer.Header.Get("Location"), answer.Header.Get("Idempotency-Replayed") != ""}, err
}
