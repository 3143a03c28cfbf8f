// Package ods reads the Organisation Data Service: complete listings from its
// CSV reports, and changes from its FHIR R4 API.
//
// Both are spooled to a local file first, so that memory stays constant and
// nothing is used before everything has arrived. Each record is then identified
// by its row (code and hash), and only the records needed are decoded:
//
//	file or download ─▶ OpenListing ─▶ Listing ─┐
//	FHIR API ─────────▶ API.Changes ─▶ Delta ───┴▶ Rows ─▶ Record
//
// Beside these, ReadCommissioners says which board a commissioner belongs to. What
// both routes share is in internal/canonical, the resources of the API are in
// internal/fhir, the local copy is in internal/spool.
//
// Only a Listing is complete, so only a Listing shows that something is absent;
// a Delta is another type. The package decides nothing: it returns what the
// register says, in one canonical form for every layout, and refuses what it
// does not understand. It does not log, and keeps no key longer than a request.
//
// What is known about the register, and what is assumed: CONTRACT.md "What it is".
package ods
