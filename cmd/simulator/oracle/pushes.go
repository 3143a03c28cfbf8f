package oracle

import (
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Pushes predicts the tally after every profile was pushed once. The website stores
// them all; DoS leaves the entries of closed pharmacies unchanged
// (connectors/dos/CONTRACT.md "Statuses"). Some practices have a phone number in the
// register that its ingest refuses; only DoS knows which
// (connectors/dos/CONTRACT.md "The Organization body"). They are pushed again without it.
func (o *Oracle) Pushes(refused int) (t outside.Tally) {
	t.DoS.Refused = refused
	for report, profiles := range o.reports {
		t.Website.Stored += len(profiles)
		switch report {
		case outside.Pharmacies:
			t.DoS.Applied += o.open(report)
			t.DoS.Hidden += len(profiles) - o.open(report)
		case outside.Practices:
			t.DoS.Applied += len(profiles)
		}
	}
	return t
}

// PushState is the state of a push as `push list` prints it.
type PushState struct {
	Sink  push.Sink  `json:"sink"`
	Route string     `json:"route"`
	State push.State `json:"state"`
}

// PushStates predicts how many pushes are in each state, once every profile was
// pushed.
func (o *Oracle) PushStates() map[PushState]int {
	n := map[PushState]int{}
	for report, profiles := range o.reports {
		dos := PushState{push.SinkDoS, "", push.NoRoute}
		switch report {
		case outside.Pharmacies:
			dos = PushState{push.SinkDoS, "change-event", push.Accepted}
		case outside.Practices:
			dos = PushState{push.SinkDoS, "fhir", push.Accepted}
		}
		n[dos] += len(profiles)
		n[PushState{push.SinkWebsite, "profile", push.Accepted}] += len(profiles)
	}
	return n
}
