package e2e

import (
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// Invariants that must hold after any failure, once all pushes are settled.
// They are read only from the simulators and compared with the model of the
// edits: our own tables might be wrong about what happened.

// requireNewest requires that both sinks show the newest edit of every profile.
func (x sinks) requireNewest(e *editors) {
	x.t.Helper()
	x.awaitDoS()
	var lost []string
	for code, want := range e.newest {
		dos, website := x.inDoS(code), x.onWebsite(code)
		if !want.shown(dos.Phone, dos.Web) {
			lost = append(lost, "DoS "+code)
		}
		if !want.shown(website.contact("Telephone"), website.contact("Website")) {
			lost = append(lost, "website "+code)
		}
	}
	require.Empty(x.t, lost, "%d of %d newest edits were lost", len(lost), 2*len(e.newest))
}

func (c contact) shown(phone, website string) bool {
	return (c.phone == "" || bare(c.phone) == bare(phone)) && (c.website == "" || c.website == website)
}

// effect is an effect recorded in a sink's ledger.
type effect struct {
	code     string
	sequence int64
	body     string
}

// effects returns the effects of both sinks, oldest first. It requires that
// nothing they accepted had any other outcome.
func (x sinks) effects() map[string][]effect {
	x.t.Helper()
	x.awaitDoS()
	all := map[string][]effect{}
	for _, entry := range x.dos.Ledger() {
		if entry.Outcome != "" {
			require.Equal(x.t, dostest.Applied, entry.Outcome, "number %d of %s: %s", entry.Sequence, entry.Code, entry.Detail)
			all["dos"] = append(all["dos"], effect{entry.Code, entry.Sequence, entry.Body})
		}
	}
	for _, entry := range x.website.Ledger() {
		if entry.Outcome == websitetest.Stored {
			all["website"] = append(all["website"], effect{entry.Code, entry.Sequence, entry.Body})
		}
	}
	return all
}

// requireOrderly requires that no effect happened twice, that the numbers of
// each profile rise in each sink, and that no number was used for both sinks.
// It is valid only if no value is edited twice.
func (x sinks) requireOrderly() {
	x.t.Helper()
	type number struct {
		code     string
		sequence int64
	}
	used := map[number]bool{}
	for sink, effects := range x.effects() {
		last, bodies := map[string]int64{}, map[effect]bool{}
		for _, e := range effects {
			require.Greater(x.t, e.sequence, last[e.code], "%s: the numbers of %s rise", sink, e.code)
			require.False(x.t, used[number{e.code, e.sequence}], "number %d of %s was used twice", e.sequence, e.code)
			require.False(x.t, bodies[effect{code: e.code, body: e.body}], "%s got the same of %s twice", sink, e.code)
			last[e.code], used[number{e.code, e.sequence}], bodies[effect{code: e.code, body: e.body}] = e.sequence, true, true
		}
	}
}
