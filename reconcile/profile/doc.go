// Package profile says what a profile is, and when two values are the same.
//
//	record (a register's)      profile (ours)
//	        └────── Values ──────┘      field by field, stated or not
//	                  │
//	               Same                 without noise: noise.go, address.go, hours.go,
//	                  │                 postcode.go
//	        DisplayName, DisplayAddress as people read it: casing.go
//
// Each field has one owner (field.go). All other packages of the core build on
// this one; it imports none of them.
package profile
