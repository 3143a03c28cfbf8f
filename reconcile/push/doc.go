// Package push decides what a sink is to show of a profile, whether it shows
// that, and what its answers mean.
//
//	profile, edits, holds ──▶ Wish.Own ──▶ what a push says along a Route
//	                             │
//	              Differences ◀──┴── Shown, what the sink shows
//	                  │
//	             Drift, Took ──▶ push again, or not
package push
