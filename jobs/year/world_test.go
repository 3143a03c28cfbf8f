package year_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/people"
)

// year is the state of the test: the tables, the mail service, and the test's
// own model of people and organisations.
type year struct {
	*testing.T
	yearSize

	url    string
	db     *pgx.Conn // the editing application's
	random *rand.Rand

	first, last date
	places      []*place
	boards      map[string][]*place
	people      []*human
	lists       []*human
	byID        map[int64]*human
	byAddress   map[string]*human
	acts        map[date][]act

	mu     sync.Mutex
	clock  time.Time     // simulated time, also for the mail service
	passed time.Duration // simulated time by which the database's waits must still be shortened

	mail       *notifytest.Server
	flying     requestsInFlight
	address    string
	kinds      map[string]string // of letters, by template
	ids        map[people.LetterKind]string
	read       int // messages of the ledger read so far
	audited    int64
	stood      []standing // of places drawn by chance, at the end of each day
	once       map[string]bool
	violations []string
	counted    map[string]int

	daemon *daemon
}

func newYear(t *testing.T, size yearSize) *year {
	t.Helper()
	y := &year{
		T: t, yearSize: size, url: pgtest.URL(t), random: rand.New(rand.NewPCG(size.seed, 5)),
		first: on(2026, 4, 1), last: on(2027, 3, 31), boards: map[string][]*place{}, byID: map[int64]*human{},
		byAddress: map[string]*human{}, acts: map[date][]act{}, kinds: map[string]string{}, once: map[string]bool{},
		ids: map[people.LetterKind]string{}, counted: map[string]int{},
	}
	y.db = pgtest.Connect(t, y.url)
	y.exec("select set_config('profilesync.actor', 'app', false)")
	y.clock = y.first.at(0, 0)
	y.exec("select set_config('profilesync.now', $1, false)", y.clock.Format(time.RFC3339))
	y.startMail()
	y.makePlaces()
	y.makePeople()
	y.scheduleEvents()
	y.audited = int64(y.number("select coalesce(max(id), 0) from account_change"))
	y.daemon = &daemon{year: y, process: &process{calls: -1, cut: y.cut}}
	y.daemon.planKills()
	return y
}

// Now is the simulated time.
func (y *year) Now() time.Time {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.clock
}

// set moves the clock, perhaps back.
func (y *year) set(to time.Time) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.passed += to.Sub(y.clock)
	y.clock = to
}

// shortenWaits shortens the waits of the outbox, which use the real clock, by the
// simulated time that has passed.
func (y *year) shortenWaits() {
	if y.passed == 0 {
		return
	}
	by := y.passed
	y.passed = 0
	y.exec("update letter set claimed_at = claimed_at - $1::interval, begun_at = begun_at - $1::interval where state = 'claimed'", by)
	y.exec("update letter set not_before = not_before - $1::interval where state = 'due' and not_before is not null", by)
	y.exec("update letter set looked_at = looked_at - $1::interval where state = 'accepted'", by)
	y.exec("update mail_gate set paused_until = paused_until - $1::interval where paused_until is not null", by)
}

// startMail starts the mail service, which fails about one time in ten, before
// or after it accepted a letter.
func (y *year) startMail() {
	var templates []notifytest.Template
	for i, kind := range people.LetterKinds() {
		subject, body, err := notify.Template(kind)
		require.NoError(y, err)
		id := fmt.Sprintf("9d751e0e-f929-4891-82a1-%012d", i+1)
		y.kinds[id], y.ids[kind] = string(kind), id
		templates = append(templates, notifytest.Template{ID: id, Subject: subject, Body: body})
	}
	y.mail = notifytest.New(notifytest.Options{
		Templates: templates, Now: y.Now, Scale: -1, Daily: 1_000_000, KeptEntries: 1000, Seed: y.seed,
		LastStatus: func(address string) string {
			switch {
			case dying(address):
				return notifytest.Permanent
			case full(address):
				return notifytest.Temporary
			}
			return ""
		},
	})
	type fault = notifytest.Fault
	type names = []notifytest.FaultName
	posts := func(r *http.Request) bool { return r.Method == http.MethodPost }
	y.mail.Fault(
		fault{Times: -1, Match: posts, Share: y.hangs, Seed: y.seed, Names: names{"hung-before"}},
		fault{Times: -1, Match: posts, Share: y.hangs, Seed: y.seed + 1, Names: names{"hung-after"}},
		fault{Times: -1, Share: 0.02, Seed: y.seed + 2, Names: names{"throttled"}},
		fault{Times: -1, Share: 0.1, Seed: y.seed + 3, Names: names{"error-500", "error-502-after", "dropped-before"}},
		fault{Times: -1, Share: 0.05, Seed: y.seed + 4, Names: names{"dropped-after", "truncated", "html"}},
	)
	handler := y.mail.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		y.flying.add(1)
		defer y.flying.add(-1)
		handler.ServeHTTP(w, r)
	}))
	y.Cleanup(web.Close)
	y.address = web.URL
}

// requestsInFlight counts the requests inside the mail service.
type requestsInFlight struct {
	mu      sync.Mutex
	n       int
	waiting []chan struct{}
}

func (f *requestsInFlight) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n += n; f.n == 0 {
		for _, w := range f.waiting {
			close(w)
		}
		f.waiting = nil
	}
}

// wait waits until there are none, as the sender's LookupAfter does in
// production.
func (f *requestsInFlight) wait() {
	f.mu.Lock()
	if f.n == 0 {
		f.mu.Unlock()
		return
	}
	w := make(chan struct{})
	f.waiting = append(f.waiting, w)
	f.mu.Unlock()
	<-w
}

func dying(address string) bool {
	return len(address) > 13 && address[len(address)-13:] == "@gone.example"
}

func full(address string) bool {
	return len(address) > 13 && address[len(address)-13:] == "@full.example"
}

// makePlaces makes organisations: pharmacies, practices, and some that check
// nothing.
func (y *year) makePlaces() {
	var rows [][]any
	for i := range y.orgs {
		p := &place{code: fmt.Sprintf("F%05d", i), kind: "pharmacy", open: true, board: fmt.Sprintf("QA%d", i%max(3, y.orgs/300))}
		switch n := y.random.IntN(100); {
		case n < 55:
		case n < 85:
			p.kind = "gp-practice"
		case n < 90:
			p.kind = "gp-branch"
		default:
			p.kind = "dental-practice"
		}
		if y.random.IntN(20) == 0 {
			p.board = ""
		}
		y.places, y.boards[p.board] = append(y.places, p), append(y.boards[p.board], p)
		rows = append(rows, []any{p.code, "Place " + p.code, p.kind, p.board})
	}
	y.copyRows("profile", []string{"code", "name", "type", "icb"}, rows)
	for board := range y.boards {
		if board != "" && board != "QA0" { // board QA0 has no list
			list := &human{state: "active", board: board, address: "list-" + board + "@boards.example", debts: map[int]*debt{}}
			y.lists, y.byAddress[list.address] = append(y.lists, list), list
		}
	}
}

func (y *year) copyRows(table string, columns []string, rows [][]any) {
	_, err := y.db.CopyFrom(y.Context(), pgx.Identifier{"profilesync", table}, columns, pgx.CopyFromRows(rows))
	require.NoError(y, err)
}

// person makes a person; the caller inserts the row.
func (y *year) person(state string, at time.Time) *human {
	id := int64(len(y.people) + 1)
	h := &human{
		id: id, kind: "member", state: state, habit: y.habit(), active: at, created: dateOf(at),
		address: fmt.Sprintf("p%d@people.example", id), debts: map[int]*debt{},
	}
	switch n := y.random.IntN(100); {
	case n < 3:
		h.address = fmt.Sprintf("p%d@gone.example", id)
	case n < 4:
		h.address = fmt.Sprintf("p%d@full.example", id)
	}
	y.people, y.byID[id], y.byAddress[h.address] = append(y.people, h), h, h
	return h
}

func (y *year) belong(h *human, p *place, manager bool) {
	h.members = append(h.members, &member{place: p, manager: manager})
	if manager {
		p.manager = h
	}
}

// makePeople makes people and their memberships; all were active before the
// year began.
func (y *year) makePeople() {
	for i := range y.persons {
		h := y.person("active", (y.first-200).at(12, 0))
		back := 100
		if h.habit >= visiting {
			back = 185
		}
		switch n := y.random.IntN(100); {
		case n < 3:
			h.kind = []string{"lead", "administrator"}[n%2]
			back = 80
		case i >= y.orgs && n < 9:
			h.state, back = "invited", 27
			h.created = y.first - date(y.random.IntN(back))
		}
		h.active = (y.first - date(1+y.random.IntN(back))).at(12, 0)
		if h.state == "invited" {
			h.active = h.created.at(0, 0)
		}
		if i >= y.persons-y.crowd() {
			h.state, h.habit, h.kind, h.active = "active", absent, "member", (y.first-100).at(12, 0)
		}
		y.join(i, h)
	}
	y.insertPeople(y.people)
	y.insertMembers()
	y.past()
}

// crowd is how many accounts end on one day: more than the guard allows.
func (y *year) crowd() int { return max(10, y.persons/50) + 5 }

// join gives a person their organisations: the first people manage, the others
// edit.
func (y *year) join(i int, h *human) {
	if h.kind != "member" {
		return
	}
	manages := i < y.orgs-y.orgs/20 && i < y.persons-y.crowd()-y.persons/4
	if manages {
		y.belong(h, y.places[i], true)
	} else {
		y.belong(h, y.places[y.random.IntN(y.orgs)], false)
	}
	if y.random.IntN(8) != 0 {
		return
	}
	if p := y.places[y.random.IntN(y.orgs)]; p != h.members[0].place {
		y.belong(h, p, p.manager == nil && i > y.orgs/2 && manages && p.code > h.members[0].place.code && y.free(p))
	}
}

// free reports whether an organisation has no account manager otherwise.
func (y *year) free(p *place) bool { return p.code >= fmt.Sprintf("F%05d", y.orgs-y.orgs/20) }

func (y *year) insertPeople(people []*human) {
	var rows [][]any
	for _, h := range people {
		rows = append(rows, []any{h.id, h.address, fmt.Sprintf("Person %d", h.id), h.kind, h.state, h.created.at(0, 0), h.active})
	}
	y.copyRows("account", []string{"id", "email", "name", "kind", "state", "created_at", "last_active_at"}, rows)
}

func (y *year) insertMembers() {
	var rows [][]any
	for _, h := range y.people {
		for _, m := range h.members {
			rows = append(rows, []any{h.id, m.place.code, map[bool]string{true: "account-manager", false: "editor"}[m.manager]})
		}
	}
	y.copyRows("membership", []string{"account_id", "code", "role"}, rows)
}

// past writes the checks before the year began.
func (y *year) past() {
	w := &writes{year: y}
	for _, h := range y.people {
		if h.state != "active" || h.habit >= visiting {
			continue
		}
		for _, m := range h.members {
			day := dateOf(h.active) - date(y.random.IntN(400))
			if m.place.kind == "pharmacy" || y.random.IntN(10) == 0 {
				day = dateOf(h.active)
				w.state(m.place, on(2026, 1, 2))
			}
			for s := range wanted(m.place.kind) {
				w.check(h, m.place, s, day.at(11, 0))
			}
		}
	}
	w.flush()
}
