// Package website pushes profiles to the public NHS website and reads back what it
// shows.
//
// The website has no public contract for writing. The one that we propose
// (CONTRACT.md "The write API") is hidden in this package, so that another one can
// replace it: PUT and GET /organisation-profiles/{code}, with the whole document in
// the names and shapes of Service Search v3. That service is real and read-only; we
// use it to read many profiles at once.
//
// In a document, null and lists have these meanings:
//
//	null        nobody ever stated it; the website must not take it as withdrawn
//	[]          stated: there are none
//	[…]         stated
//
// They mean the same when we read: a null list states nothing, so that a field that
// a push leaves alone stays null. A null or empty text reads as stated and empty.
// Fields that our profiles do not have (coordinates, country, accepting patients,
// registration, opening times by service) are null when we create a profile, and
// are sent back unchanged when we update one. Search scores, metrics, geocodes and
// staff are never sent.
package website
