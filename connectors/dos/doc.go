// Package dos pushes to the Directory of Services and reads back what it shows.
//
// The route depends on the kind of organisation; other kinds have none:
//
//	pharmacy ─────▶ change event, queued there and applied later ─▶ DoS
//	   ▲                                                             │
//	   └── byOdsCode: the services matched by ODS code, type, status ┘
//	gp-practice ──▶ Ingest: FHIR Organization, read and written at once
//
// A change event is the whole record: fields that it leaves out are withdrawn. So an
// event is only sent if every field that DoS would empty was stated, or was looked up
// first and is not there. Success means accepted, not applied.
//
// byOdsCode will be retired: without its address the package sends and never reads.
// The package must not log, sends each push once per call, and keeps bodies and
// secrets out of its errors.
//
// CONTRACT.md "What it is" and the sections after it say what is known about DoS.
package dos
