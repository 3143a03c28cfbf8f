// Package spool keeps the pace of whoever reads a text away from where it comes
// from. A text that never changes is made once, completely, into a temporary
// file that its readers share; each is then served from the file, however slow
// it is, and is cut when it takes nothing any more.
package spool
