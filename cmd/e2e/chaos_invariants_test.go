package e2e

import (
	"slices"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

// chaosInvariant is what must hold after every round. What sinks and people got is read from
// the ledgers of the simulators, and edits from the model; the rest is read from our tables.
type chaosInvariant struct {
	name  string
	check func(*chaos)
}

var chaosInvariants = []chaosInvariant{
	{"sinks-equal-profiles", (*chaos).sinksEqualProfiles},
	{"edits-arrive", (*chaos).editsArrive},
	{"registers-arrive", (*chaos).registersArrive},
	{"numbers-rise", (*chaos).numbersRise},
	{"nothing-twice", (*chaos).nothingTwice},
	{"audit-accounts", (*chaos).auditAccounts},
	{"nothing-removed-by-absence", (*chaos).nothingRemoved},
	{"nothing-waiting-applied", (*chaos).nothingWaitingApplied},
	{"letters-once", (*chaos).lettersOnce},
	{"schedules-once", (*chaos).schedulesOnce},
	{"cases-stand", (*chaos).casesStand},
	{"no-job-without-worker", (*chaos).noJobWithoutWorker},
	{"nothing-left", (*chaos).nothingLeft},
	{"weights-as-before", (*chaos).weightsAsBefore},
}

// profileRow is what a profile says of what both sinks show.
type profileRow struct{ Code, Name, Type, Status, Phone, Website string }

func (c *chaos) profiles() (rows []profileRow) {
	return all[profileRow](c.site, `select code, name, type, status, phone, website from profile order by code`)
}

// sinksEqualProfiles: each sink shows what the profiles say.
func (c *chaos) sinksEqualProfiles() {
	waits := c.waiting()
	for _, p := range c.profiles() {
		document := c.sinks.onWebsite(p.Code)
		if p.Status == "open" && !waits["website "+p.Code] {
			shown := contact{document.contact("Telephone"), document.contact("Website")}
			if !(contact{p.Phone, p.Website}).shown(shown.phone, shown.website) || document.Name != p.Name {
				c.wrongf("sinks-equal-profiles", "the website shows %s as %+v, and it is %+v", p.Code, document, p)
			}
		}
		if p.Status == "open" && p.Type == "pharmacy" && !waits["dos "+p.Code] {
			service := c.sinks.inDoS(p.Code)
			if !(contact{p.Phone, p.Website}).shown(service.Phone, service.Web) {
				c.wrongf("sinks-equal-profiles", "DoS shows %s as %q, %q, and it is %+v", p.Code, service.Phone, service.Web, p)
			}
		}
	}
}

// waiting are the pushes that are named as waiting for a person, by sink and code.
func (c *chaos) waiting() map[string]bool {
	named := map[string]bool{}
	const keys = "select sink || ' ' || code as key from push where state in ('waits', 'refused', 'held')"
	for _, key := range all[struct{ Key string }](c.site, keys) {
		named[key.Key] = true
	}
	return named
}

// editsArrive: each committed edit arrived or is named as waiting, and none that was rolled
// back did.
func (c *chaos) editsArrive() {
	waits := c.waiting()
	pharmacy := map[string]bool{}
	for _, code := range c.model.pharmacies {
		pharmacy[code] = true
	}
	for code, columns := range c.model.newest {
		want := contact{columns["phone"].value, columns["website"].value}
		document := c.sinks.onWebsite(code)
		if !want.shown(document.contact("Telephone"), document.contact("Website")) && !waits["website "+code] {
			c.wrongf("edits-arrive", "%s: %+v is not on the website: %+v", code, want, document.Contacts)
		}
		service := c.sinks.inDoS(code)
		if pharmacy[code] && !want.shown(service.Phone, service.Web) && !waits["dos "+code] {
			c.wrongf("edits-arrive", "%s: %+v is not in DoS: %q %q", code, want, service.Phone, service.Web)
		}
	}
}

// numbersRise: the numbers of each profile rise in each sink, and both sinks have none in common.
func (c *chaos) numbersRise() {
	used := map[string]map[int64]string{}
	for sink, effects := range c.sinkEffects() {
		last := map[string]int64{}
		for _, e := range effects {
			if e.sequence <= last[e.code] {
				c.wrongf("numbers-rise", "%s: %d of %s after %d", sink, e.sequence, e.code, last[e.code])
			}
			if used[e.code] == nil {
				used[e.code] = map[int64]string{}
			}
			if other := used[e.code][e.sequence]; other != "" && other != sink {
				c.wrongf("numbers-rise", "%d of %s is in %s and in %s", e.sequence, e.code, other, sink)
			}
			last[e.code], used[e.code][e.sequence] = e.sequence, sink
		}
	}
}

// nothingTwice: no sink took the same of a profile twice in a row, unless a person wanted that,
// or a number twice.
func (c *chaos) nothingTwice() {
	for sink, effects := range c.sinkEffects() {
		last := map[string]effect{}
		for _, e := range effects {
			if before := last[e.code]; before.sequence == e.sequence || before.body == e.body && !slices.Contains(c.again, e.code) {
				c.wrongf("nothing-twice", "%s took the same of %s twice, as %d and as %d", sink, e.code, before.sequence, e.sequence)
			}
			last[e.code] = e
		}
	}
	dos, website := c.sinks.dos.Summary(), c.sinks.website.Summary()
	if dos.Twice+website.Twice > 0 {
		c.wrongf("nothing-twice", "DoS took %d twice, the website %d", dos.Twice, website.Twice)
	}
}

// sinkEffects returns what each sink took, the oldest first.
func (c *chaos) sinkEffects() map[string][]effect {
	c.sinks.awaitDoS()
	taken := map[string][]effect{}
	for _, e := range c.sinks.dos.Ledger() {
		if e.Outcome == dostest.Applied {
			taken["dos"] = append(taken["dos"], effect{e.Code, e.Sequence, e.Body})
		}
	}
	for _, e := range c.sinks.website.Effects() {
		taken["website"] = append(taken["website"], effect{e.Code, e.Sequence, e.Body})
	}
	return taken
}
