package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// registerModel is what the register has said, and what people have decided about it.
type registerModel struct {
	mutex  sync.Mutex
	hidden map[string]bool // left out of listings from now on

	first     map[string]string // the board of each trust at the beginning
	recoded   bool
	decided   bool            // somebody asked to approve what was withheld, or may have
	wasClosed map[string]bool // the register has said so at some time
}

func newRegisterModel() *registerModel {
	return &registerModel{hidden: map[string]bool{}, first: map[string]string{}, wasClosed: map[string]bool{}}
}

// without leaves the hidden organisations out of the listings that a register serves.
func (m *registerModel) without(register http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mutex.Lock()
		hides := len(m.hidden) > 0
		m.mutex.Unlock()
		if !hides || !strings.Contains(r.URL.Path, "getReport") {
			register.ServeHTTP(w, r)
			return
		}
		r.Header.Del("If-None-Match")
		whole := httptest.NewRecorder()
		register.ServeHTTP(whole, r)
		for name, values := range whole.Header() {
			if name != "Content-Length" && name != "Etag" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(m.filter(whole.Body.Bytes()))
	})
}

func (m *registerModel) filter(listing []byte) (left []byte) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for line := range bytes.Lines(listing) {
		code, _, _ := strings.Cut(strings.Trim(string(line), `"`), `"`)
		code, _, _ = strings.Cut(code, ",")
		if !m.hidden[code] {
			left = append(left, line...)
		}
	}
	return left
}

// facts returns what the register says of a report now.
func (c *chaos) facts(report string) map[string]odstest.Fact {
	found := map[string]odstest.Fact{}
	facts, err := c.world.Facts(report)
	if err != nil {
		c.wrongf("settles", "%v", err)
	}
	for _, fact := range facts {
		found[fact.Code] = fact
	}
	return found
}

// seesClosed notes what the register calls closed.
func (c *chaos) seesClosed() {
	for report := range chaosCounts {
		for code, fact := range c.facts(report) {
			if fact.Standing == profile.Inactive {
				c.register.wasClosed[code] = true
			}
		}
	}
}

// churns lets the register change: organisations open, close, move and get other names. In
// some rounds, a quarter of the trusts gets another board in one step.
func (c *chaos) churns(random *rand.Rand) {
	day, err := profile.ParseDate(chaosTomorrow[:10])
	if err == nil && random.IntN(2) == 0 {
		c.register.mutex.Lock()
		c.register.recoded = true
		c.register.mutex.Unlock()
		_, err = c.world.Recode(day)
		c.notef("the register recodes the trusts")
	} else if err == nil {
		_, err = c.world.Churn(day)
		c.notef("the register changes")
	}
	if err != nil {
		c.wrongf("settles", "the register: %v", err)
	}
	ids := c.services.World().IDs()
	if err := c.services.World().Rename(ids[random.IntN(len(ids))], fmt.Sprint("Clinic of round ", c.seed)); err != nil {
		c.wrongf("settles", "e-RS: %v", err)
	}
	for range random.IntN(3) {
		code := c.model.pharmacies[random.IntN(len(c.model.pharmacies))]
		c.register.mutex.Lock()
		c.register.hidden[code] = true
		c.register.mutex.Unlock()
		c.notef("the register leaves out %s", code)
	}
	c.seesClosed()
}

// administrator does what an administrator does, by commands: in the order of the seed.
func (c *chaos) administrator() {
	random := c.stream("administrator")
	c.any(random, chaosMorning)
	c.churns(random)
	run := c.pulls(chaosTomorrow, "etr")
	c.any(random, chaosTomorrow)
	if run.Run != "" && len(run.Withheld) > 0 && random.IntN(2) == 0 {
		approved := c.approves(run.Run)
		c.any(random, chaosTomorrow)
		if approved != "" && random.IntN(2) == 0 {
			c.at(chaosTomorrow, "runs", "undo", approved, "--yes", "--actor", "chaos")
		}
	}
	c.pulls(chaosTomorrow, "edispensary")
	c.at(chaosTomorrow, "reconcile", "--source", "ers", "--wait")
	c.any(random, chaosTomorrow)
}

// any does one of the smaller things that an administrator does; every third hold stays.
func (c *chaos) any(random *rand.Rand, instant string) {
	pause(random, 50*time.Millisecond, 500*time.Millisecond)
	code := c.model.pharmacies[random.IntN(len(c.model.pharmacies))]
	switch random.IntN(6) {
	case 0:
		c.at(instant, "status")
	case 1:
		c.at(instant, "cases", "look")
	case 2:
		c.at(instant, "remind", "--post")
	case 3:
		c.at(instant, "drift", "--sink", "dos", "--repair")
	case 4:
		c.at(instant, "hold", "add", code, "--sink", "website", "--reason", "chaos", "--actor", "chaos")
		pause(random, 100*time.Millisecond, time.Second)
		for _, id := range ask[[]int64](c, "select coalesce(array_agg(id), '{}') from hold where removed_at is null and id % 3 > 0") {
			c.at(instant, "hold", "remove", strconv.FormatInt(id, 10), "--actor", "chaos")
		}
	default:
		c.at(instant, "push", "list", "--state", "wanted")
	}
}

// pulls reconciles a listing of the register, and returns the run, if the command said which.
func (c *chaos) pulls(instant, report string) (run summary) {
	o := c.at(instant, "reconcile", "--report", report, "--wait", "--format", "json", "--actor", "chaos")
	_ = json.Unmarshal([]byte(o.out), &run)
	return run
}

// approves approves what a run withheld, and returns the run that did it, if the command said so.
func (c *chaos) approves(run string) string {
	c.register.decided = true
	o := c.at(chaosTomorrow, "runs", "approve", run, "--actor", fmt.Sprint("chaos-", c.seed), "--format", "json")
	var done summary
	if json.Unmarshal([]byte(o.out), &done) != nil {
		return ""
	}
	return done.Run
}
