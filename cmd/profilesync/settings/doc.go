// Package settings is what the environment says: every setting with its default,
// read from NAME or from the file of NAME_FILE, and checked before anything is
// done. A Secret prints as nothing.
package settings
