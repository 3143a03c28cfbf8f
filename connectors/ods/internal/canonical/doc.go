// Package canonical is what the two routes of the register share: how its words,
// roles, codes and postcodes come into one form, and how a record is noted or
// rejected.
package canonical
