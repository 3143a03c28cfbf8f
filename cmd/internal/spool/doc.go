// Package spool decouples slow readers of a text from its source. A text that
// never changes is made once, completely, in a temporary file that its readers
// share. Each reader is served from the file, however slow it is, and is
// disconnected if it stops reading.
package spool
