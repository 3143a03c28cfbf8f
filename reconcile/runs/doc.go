// Package runs decides what the records of a register change in our profiles,
// which changes are withheld, and why.
//
//	           records (connectors/ods)
//	                 │
//	profiles ──▶ Compute ──▶ Plan ──▶ Guard.Judge ──▶ apply / withheld
//	marks  ─────▲                         ▲               │
//	                        open profiles ┘               ▼
//	                                             Approve, Undo: plans again
package runs
