// Package push decides what a sink should show of a profile, whether it does, and
// what its answers mean.
//
//	profile, edits, holds ──▶ DesiredState.Stated ──▶ what a push says along a Route
//	                             │
//	              Differences ◀──┴── Shown, what the sink shows
//	                  │
//	        Drift, HasArrived ──▶ push again, or not
package push
