package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
)

// auditRow is a row of the audit of one field.
type auditRow struct {
	Code, Field, Old, New string
	ByRun                 bool
}

// auditAccounts: the audit leads from the first value of each field to the last, each edit that
// was committed has one row and no other has, and nobody else edited.
func (c *chaos) auditAccounts() {
	rows := all[auditRow](c.site, `select code, field, coalesce(old, '') as old, coalesce(new, '') as new, run_id is not null as by_run
		from change where field in ('name', 'status', 'icb', 'phone', 'website', 'postcode') order by code, field, id`)
	now := map[string]string{}
	for _, p := range all[struct{ Code, Values string }](c.site, "select code, to_jsonb(p)::text as values from profile p") {
		var values map[string]any
		require.NoError(c.t, json.Unmarshal([]byte(p.Values), &values))
		for name, value := range values {
			now[p.Code+" "+name] = fmt.Sprint(value)
		}
	}
	last, edited := map[string]string{}, map[chaosEdit]int{}
	for _, r := range rows {
		key := r.Code + " " + r.Field
		if before, known := last[key]; known && before != r.Old {
			c.wrongf("audit-accounts", "%s went from %q to %q, and was %q before", key, r.Old, r.New, before)
		}
		last[key] = r.New
		if !r.ByRun {
			edited[chaosEdit{r.Code, r.Field, r.New}]++
		}
	}
	for key, value := range last {
		if now[key] != value {
			c.wrongf("audit-accounts", "%s is %q, and became %q by the audit", key, now[key], value)
		}
	}
	c.auditOfEdits(edited)
}

// auditOfEdits compares the rows of the audit that no run wrote with the edits.
func (c *chaos) auditOfEdits(edited map[chaosEdit]int) {
	for _, e := range c.model.done {
		if edited[e] != 1 {
			c.wrongf("audit-accounts", "the edit %v has %d rows", e, edited[e])
		}
		delete(edited, e)
	}
	for e, n := range edited {
		c.wrongf("audit-accounts", "%d rows of %v, which nobody committed", n, e)
	}
}

// nothingRemoved: only what the register called closed is.
func (c *chaos) nothingRemoved() {
	c.seesClosed()
	for _, p := range c.profiles() {
		if p.Status == "closed" && !c.register.wasClosed[p.Code] {
			c.wrongf("nothing-removed-by-absence", "%s is closed, which the register never said; left out: %t", p.Code, c.register.hidden[p.Code])
		}
	}
}

// registersArrive: open profiles say what the registers say.
func (c *chaos) registersArrive() {
	facts := c.facts("edispensary")
	for _, p := range all[struct{ Code, Postcode string }](c.site,
		"select code, postcode from profile where type = 'pharmacy' and status = 'open' order by code") {
		if want := facts[p.Code].Fields["postcode"]; !c.register.hidden[p.Code] && want != p.Postcode {
			c.wrongf("registers-arrive", "%s has postcode %q, and in the register %q", p.Code, p.Postcode, want)
		}
	}
	names := map[string]string{}
	for _, s := range all[struct{ ID, Name string }](c.site, `select external_id as id, name from service
		where source = 'ers' and not withdrawn`) {
		names[s.ID] = s.Name
	}
	for _, s := range c.services.World().Services() {
		if id := fmt.Sprint(s.ID); names[id] != s.Name {
			c.wrongf("registers-arrive", "service %s has the name %q, and at e-RS %q", id, names[id], s.Name)
		}
	}
}

// massOf is how many trusts must change in one step so that it is a mass change, of 60.
const massOf = 11

// nothingWaitingApplied: a recode changes no board unless somebody approved it.
func (c *chaos) nothingWaitingApplied() {
	if !c.register.recoded || c.register.decided {
		return
	}
	facts := c.facts("etr")
	recoded := 0
	for code, board := range c.register.first {
		if facts[code].Fields["icb"] != board {
			recoded++
		}
	}
	if recoded < massOf {
		c.wrongf("faults-happen", "the recode changed only %d trusts", recoded)
	}
	for _, p := range all[struct{ Code, ICB string }](c.site, "select code, icb from profile where type = 'trust' order by code") {
		if board, known := c.register.first[p.Code]; known && p.ICB != board {
			c.wrongf("nothing-waiting-applied", "%s has board %s, and had %s: nobody approved that", p.Code, p.ICB, board)
		}
	}
}

// lettersOnce: nobody got the same letter twice, by what the mail service took.
func (c *chaos) lettersOnce() {
	got := map[string]int{}
	for _, m := range c.mail.Messages() {
		reference := m.Reference
		if at := strings.LastIndexByte(reference, '/'); len(reference)-at <= 3 { // the suffix of a retry
			reference = reference[:at]
		}
		if got[m.Address+reference]++; got[m.Address+reference] > 1 {
			c.wrongf("letters-once", "%s got %s again, as %s", m.Address, reference, m.Reference)
		}
	}
	if c.relay != nil {
		for _, id := range c.relay.Twice() {
			c.wrongf("letters-once", "the mail relay took %s twice", id)
		}
	}
	if twice := c.mail.Summary().Twice; twice > 0 {
		c.wrongf("letters-once", "%d references twice", twice)
	}
}

// schedulesOnce: no report was pulled by itself oftener than its schedule was due, which it
// was at least once; no schedule but those of mail was due twice on a day.
func (c *chaos) schedulesOnce() {
	due := c.count("select count(*) from schedule_run where name = 'pull_ods_listings' and job_id is not null")
	for _, pulled := range all[struct {
		Report string
		Runs   int
	}](c.site, `select report, count(*)::integer as runs from run
		where actor = 'schedule' and kind = 'listing' and source = 'ods' group by report`) {
		if pulled.Runs > due {
			c.wrongf("schedules-once", "%s was pulled %d times, and due %d times", pulled.Report, pulled.Runs, due)
		}
	}
	if due == 0 {
		c.wrongf("schedules-once", "no listing was due")
	}
	for _, twice := range all[struct{ What string }](c.site, `select name || ' ' || (due_at at time zone 'Europe/London')::date as what
		from schedule_run where job_id is not null and name not in ('send_mail', 'watch_mail') group by 1 having count(*) > 1`) {
		c.wrongf("schedules-once", "%s twice", twice.What)
	}
}

// casesStand: the cases are those that the pure function says.
func (c *chaos) casesStand() {
	at, err := time.Parse(time.RFC3339, chaosEnd)
	require.NoError(c.t, err)
	db, err := postgres.Open(c.t.Context(), c.url, postgres.Options{PlayedNow: at})
	require.NoError(c.t, err)
	defer db.Close()
	days, _, err := peoplestore.New(db).Holidays(c.t.Context())
	require.NoError(c.t, err)
	moment := cases.Moment{Now: at, Calendar: people.NewCalendar(days), Rules: people.DefaultCheckRules()}
	steps, err := casestore.New(db).Look(c.t.Context(), moment, []string{"ods edispensary", "ods etr", "ods api", "ers services"})
	if err != nil || !steps.Empty() {
		c.wrongf("cases-stand", "a second look finds something: %+v %v", steps, err)
	}
}
