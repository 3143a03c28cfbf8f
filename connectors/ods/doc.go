// Package ods reads the Organisation Data Service: complete listings from its
// CSV reports, and changes from its FHIR R4 API.
//
// Both are spooled to a local file first, so that memory stays flat and nothing
// is used before all of it has arrived. Every record is then known by its row
// (code and hash), and only those wanted are decoded:
//
//	file or download ─▶ OpenListing ─▶ Listing ─┐
//	FHIR API ─────────▶ API.Changes ─▶ Delta ───┴▶ Rows ─▶ Record
//
// A Listing is complete and the only one that absence may be read from; a Delta
// is a type of its own. The package decides nothing: it says what the register
// says, in one canonical form for every layout, and refuses what it does not
// understand. It may not log, and never keeps a key longer than a request.
//
// What is known of the register: CONTRACT.md "What it is" and what follows there.
package ods
