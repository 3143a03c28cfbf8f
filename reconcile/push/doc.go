// Package push decides what a sink should show of a profile, whether it does, and
// what its answers mean.
//
//	profile, edits, holds ──▶ DesiredState.Stated ──▶ Push.Compose ──▶ a Delivery along a Route
//	                             │                        │               or why it waits
//	              Differences ◀──┴── Shown, the entries ──┘
//	                  │              of the sink
//	        Drift, HasArrived ──▶ push again, or not
//
// What a sink does not take is LeftOut. Preview says what a delivery would do to each
// entry, by the Effects that the sink's connector works out.
package push
