package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/identity"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// fastLife is several daemons behind one address and one database, which are killed while
// people edit, look, hold and reconcile.
type fastLife struct {
	*site

	sinks   sinks
	front   *front
	daemons []daemon
	people  map[string]*visitor
	all     []string // the codes
	ends    time.Time

	mutex   sync.Mutex
	kills   []time.Time
	phones  map[string]string // the last phone number of each code
	holds   map[string]int    // by key: the status of the last answer
	runs    map[string]string // by day: the run that was answered; empty for none
	unclear int               // requests of which nobody knows what became
	slowest time.Duration     // of a page
	pages   atomic.Int64
	edits   atomic.Int64
	repeats atomic.Int64
}

// soakTime is how long it goes on: 20 seconds, or PROFILESYNC_SOAK_MINUTES.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("PROFILESYNC_SOAK_MINUTES")
	if text == "" {
		return 20 * time.Second
	}
	minutes, err := strconv.Atoi(text)
	require.NoError(t, err)
	return time.Duration(minutes) * time.Minute
}

// Whichever daemons are killed, the others answer: nobody is signed out, nothing is done
// twice, and every edit arrives.
func TestAnyDaemonAnswers(t *testing.T) { //nolint:paralleltest // three daemons at once are enough
	if testing.Short() {
		t.Skip("three daemons live and die for a while")
	}
	l := newFastLife(t, 3)
	lives := []func(*rand.Rand) error{l.editsPhones, l.looks, l.looks, l.looksByToken(), l.holdsByAPI, l.holdsByForm, l.reconciles()}
	var living sync.WaitGroup
	for n, live := range lives {
		living.Go(func() {
			random := rand.New(rand.NewPCG(killSeed(t), uint64(n)))
			for time.Now().Before(l.ends) && !t.Failed() {
				if err := live(random); err != nil {
					t.Error(err)
				}
			}
		})
	}
	l.killsDaemons(rand.New(rand.NewPCG(killSeed(t), 99)))
	living.Wait()
	l.requireWhole()
}

func newFastLife(t *testing.T, daemons int) *fastLife {
	t.Helper()
	s, x := newStockedSite(t, 30)
	var addresses []string
	for range daemons {
		addresses = append(addresses, freeAddress(t))
	}
	l := &fastLife{
		sinks: x, front: newFront(t, addresses...), people: map[string]*visitor{}, phones: map[string]string{}, holds: map[string]int{},
		runs: map[string]string{}, all: s.codes(),
	}
	client := identity.Client{ID: "console", Secret: "hush", Redirects: []string{l.front.URL + "/sign-in/callback"}}
	provider, err := identity.Serve(t.Context(), client, program.People(), time.Now)
	require.NoError(t, err)
	t.Cleanup(provider.Close)
	l.site = s.with("API_PUBLIC_URL="+l.front.URL, "OIDC_ISSUER="+provider.Issuer(), "OIDC_CLIENT_ID=console", "OIDC_CLIENT_SECRET=hush",
		"OIDC_VERBS=administrators=read,reconcile,approve,administer,people;reconcilers=read,reconcile;approvers=read,approve",
		"API_SESSION_LIFETIME=12h") // these visitors sign in once
	for _, address := range addresses {
		l.daemons = append(l.daemons, l.serveAPI(address))
	}
	for _, person := range program.People() {
		l.people[person.Login] = l.front.signsIn(t, provider, person)
	}
	l.ends = time.Now().Add(soakTime(t))
	return l
}

// realDay is the last day of a hold, and the first of which no listing can be.
func realDay() string { return time.Now().Format(time.DateOnly) }

func pause(random *rand.Rand, least, most time.Duration) {
	<-time.After(least + time.Duration(random.Int64N(int64(most-least))))
}

func (l *fastLife) anyCode(random *rand.Rand) string { return l.all[random.IntN(len(l.all))] }

// busy returns the next daemon that is sent something that changes something, a moment after
// that; any if there is none for some time.
func (l *fastLife) busy(random *rand.Rand) int {
	select {
	case n := <-l.front.changes:
		pause(random, 0, 15*time.Millisecond)
		return n
	case <-time.After(5 * time.Second):
		return random.IntN(len(l.daemons))
	}
}

// killsDaemons kills one daemon after the other, now and then two at once, and starts them
// again some time later.
func (l *fastLife) killsDaemons(random *rand.Rand) {
	for time.Now().Before(l.ends) && !l.t.Failed() {
		pause(random, time.Second, 4*time.Second)
		first := l.busy(random)
		order := []int{first, (first + 1) % len(l.daemons)}[:1+random.IntN(3)/2]
		for _, n := range order {
			l.mutex.Lock()
			l.kills = append(l.kills, time.Now())
			l.mutex.Unlock()
			require.NoError(l.t, l.daemons[n].cmd.Process.Kill())
			require.True(l.t, l.daemons[n].wait(l.t).killed, l.daemons[n].log())
			l.saysErrors(l.daemons[n])
		}
		pause(random, 100*time.Millisecond, 3*time.Second)
		for _, n := range order {
			l.daemons[n] = l.serveAPI(l.front.daemons[n])
		}
	}
}

// saysErrors shows the errors in the log of a daemon if something went wrong.
func (l *fastLife) saysErrors(d daemon) {
	for line := range strings.Lines(d.log()) {
		if l.t.Failed() && strings.Contains(line, `"level":"ERROR"`) {
			l.t.Log(line)
		}
	}
}

// editsPhones edits as the editing application does.
func (l *fastLife) editsPhones(random *rand.Rand) error {
	pause(random, 50*time.Millisecond, 200*time.Millisecond)
	code, phone := l.anyCode(random), fmt.Sprintf("0113 49%d", 10000+random.IntN(90000))
	l.edit(code, "phone", phone)
	l.edits.Add(1)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.phones[code] = phone
	return nil
}

var looked = []string{
	"/", "/now", "/runs", "/profiles", "/profiles?q=a", "/pushes", "/drift", "/accounts", "/reports", "/listings", "/api/v1/runs?limit=5",
	"/api/v1/holds?limit=20", "/api/v1/pushes?limit=20", "/api/v1/mail",
}

// looks opens a page or asks the API, as somebody who signed in when it began.
func (l *fastLife) looks(random *rand.Rand) error {
	pause(random, 20*time.Millisecond, 300*time.Millisecond)
	who := l.people[[]string{"ada", "ben", "cleo"}[random.IntN(3)]]
	return l.sees(looked[random.IntN(len(looked))], who.get)
}

func (l *fastLife) sees(path string, get func(string) (int, string, error)) error {
	began := time.Now()
	status, body, err := get(path)
	took := time.Since(began)
	l.pages.Add(1)
	l.mutex.Lock()
	l.slowest = max(l.slowest, took)
	l.mutex.Unlock()
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%s: %d %.300s %w", path, status, body, err)
	}
	return nil
}

// looksByToken asks the API as a machine.
func (l *fastLife) looksByToken() func(*rand.Rand) error {
	token := l.token("monitor", "read")
	return func(random *rand.Rand) error {
		pause(random, 100*time.Millisecond, 300*time.Millisecond)
		return l.sees("/api/v1/runs?limit=3", func(path string) (int, string, error) {
			request, err := http.NewRequest(http.MethodGet, l.front.URL+path, nil)
			if err != nil {
				return 0, "", err
			}
			request.Header.Set("Authorization", "Bearer "+token)
			answer, err := whole(http.DefaultTransport.RoundTrip(request)) //nolint:bodyclose // whole closes it
			if err != nil {
				return 0, "", err
			}
			return answer.StatusCode, "", nil
		})
	}
}

// persists sends a request that changes something until it has an answer, and again after
// that now and then.
func (l *fastLife) persists(random *rand.Rand, done int, send func() (sent, error)) (last sent, err error) {
	repeats := random.IntN(3)
	for range 20 {
		last, err = send()
		switch {
		case err != nil:
			return last, err
		case last.status == done && repeats > 0:
			repeats--
			l.repeats.Add(1)
			continue
		case last.status == http.StatusConflict:
			l.mutex.Lock()
			l.unclear++
			l.mutex.Unlock()
			return last, nil
		case last.status == done:
			return last, nil
		case last.status != http.StatusBadGateway && last.status != http.StatusServiceUnavailable:
			return last, fmt.Errorf("answered %d: %.300s", last.status, last.body)
		}
	}
	return last, fmt.Errorf("no answer: %d", last.status)
}

func (l *fastLife) holdsByAPI(random *rand.Rand) error {
	pause(random, 100*time.Millisecond, 500*time.Millisecond)
	key := fmt.Sprintf("api-%d", random.Uint64())
	body := fmt.Sprintf(`{"code": %q, "field": "email", "reason": %q, "until": %q}`, l.anyCode(random), key, realDay())
	last, err := l.persists(random, http.StatusCreated, func() (sent, error) {
		return l.people["cleo"].posts("/api/v1/holds", "application/json", key, []byte(body))
	})
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.holds[key] = last.status
	return err
}

var onceField = regexp.MustCompile(`<input type="hidden" name="once" value="([^"]+)">\s*<input type="hidden" name="do" value="hold">`)

func (l *fastLife) holdsByForm(random *rand.Rand) error {
	pause(random, 100*time.Millisecond, 500*time.Millisecond)
	key, cleo := fmt.Sprintf("form-%d", random.Uint64()), l.people["cleo"]
	path := "/profiles/" + l.anyCode(random)
	status, page, err := cleo.get(path)
	once := onceField.FindStringSubmatch(page)
	if err != nil || status != http.StatusOK || once == nil {
		return fmt.Errorf("no form: %d %w", status, err)
	}
	form := url.Values{
		"once": {html.UnescapeString(once[1])}, "do": {"hold"}, "what": {"email"}, "reason": {key}, "until": {realDay()},
	}
	last, err := l.persists(random, http.StatusSeeOther, func() (sent, error) {
		return cleo.posts(path, "application/x-www-form-urlencoded", "", []byte(form.Encode()))
	})
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.holds[key] = last.status
	return err
}

// reconciles gives a listing of each day after the first, in each of which one name is new.
func (l *fastLife) reconciles() func(*rand.Rand) error {
	var listing bytes.Buffer
	require.NoError(l.t, odstest.WriteListing(&listing, "edispensary", 30, 11))
	every := max(3*time.Second, soakTime(l.t)/250)
	day, err := profile.ParseDate(madeUpDay)
	require.NoError(l.t, err)
	names := regexp.MustCompile(`(?m)^"?(\w+)"?,"([^"]*)"`)
	return func(random *rand.Rand) error {
		pause(random, every/2, every)
		if day = day.AddDays(1); day.String() >= realDay() {
			return nil
		}
		changed, chosen := 0, random.IntN(30)
		content := names.ReplaceAllFunc(listing.Bytes(), func(row []byte) []byte {
			if changed++; changed != chosen+1 {
				return row
			}
			return append(row[:len(row)-1:len(row)-1], []byte(" "+strconv.Itoa(random.IntN(1000))+`"`)...)
		})
		var answered []string
		last, err := l.persists(random, http.StatusAccepted, func() (sent, error) {
			path := "/api/v1/runs/file?name=edispensary_" + day.String() + ".csv"
			got, err := l.people["ben"].posts(path, "application/octet-stream", "listing of "+day.String(), content)
			if err == nil && got.status == http.StatusAccepted {
				var body struct{ Items []struct{ Run string } }
				err = json.Unmarshal([]byte(got.body), &body) //nolint:musttag // its names are the document's
				for _, one := range body.Items {
					answered = append(answered, one.Run)
				}
			}
			return got, err
		})
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.runs[day.String()] = ""
		for _, run := range answered {
			if l.runs[day.String()] = run; run != answered[0] {
				err = fmt.Errorf("the same key began runs %v: %d", answered, last.status)
			}
		}
		return err
	}
}
