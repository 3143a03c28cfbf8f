// Package dos pushes to the Directory of Services and reads back what it shows.
//
// The way depends on the kind of organisation; other kinds have no route:
//
//	pharmacy ─────▶ change event, queued there and applied later ─▶ DoS
//	   ▲                                                             │
//	   └── byOdsCode: the services matched by ODS code, type, status ┘
//	gp-practice ──▶ Ingest: FHIR Organization, read and written at once
//
// A change event is the whole record: what it leaves out is withdrawn. So an
// event is only sent when every field that DoS would empty was stated, or was
// looked up first and is not there. Success means accepted, never applied.
//
// byOdsCode is announced to be retired: without its address the package sends
// and never reads. The package may not log, sends each push once a call, and
// keeps bodies and secrets out of its errors.
//
// What is known of DoS: CONTRACT.md "What it is" and what follows there.
package dos
