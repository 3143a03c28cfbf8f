package e2e

import (
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// What must hold whatever broke, once all is at rest. It is read from the
// simulators alone, and held against the model of the edits: our own tables may
// be wrong about what they did.

// requireNewest wants both sinks to show the newest edit of every profile.
func (x sinks) requireNewest(e *editors) {
	x.t.Helper()
	x.settled()
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
	require.Empty(x.t, lost, "%d of %d newest edits are lost", len(lost), 2*len(e.newest))
}

func (c contact) shown(phone, website string) bool {
	return (c.phone == "" || bare(c.phone) == bare(phone)) && (c.website == "" || c.website == website)
}

// effect is what a sink's ledger says that it did.
type effect struct {
	code     string
	sequence int64
	body     string
}

// effects are those of both sinks, oldest first. Nothing else may have become of
// what they took.
func (x sinks) effects() map[string][]effect {
	x.t.Helper()
	x.settled()
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

// requireOrderly wants no effect twice, the numbers of each profile rising in
// each sink, and none used for both. It holds where no value is edited twice.
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
