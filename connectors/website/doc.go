// Package website brings profiles to the public NHS website and reads back what
// it shows.
//
// The website has no public contract for writing. The one we propose
// (CONTRACT.md "The write API") stands behind this package, so that
// another one can take its place: PUT and GET /organisation-profiles/{code},
// the whole document in the names and shapes of Service Search v3. That
// service is read-only and real; it is asked where many profiles are read at
// once.
//
// A document speaks by null and by list:
//
//	null        nobody ever stated it; the website must not take it as withdrawn
//	[]          stated: there are none
//	[…]         stated
//
// and what is read says the same: a null list states nothing, so that a field
// that a push leaves alone stays null. A text that is null or empty reads as
// stated and empty. What our profiles do not have (coordinates, country,
// accepting patients, registration, opening times by service) is null where we
// create a profile, and goes back as it came where we update one. Search
// scores, metrics, geocodes and staff are never sent.
package website
