// Package jobs holds what happens in the background: one file a job kind, and
// the run, which jobs and commands work alike. Jobs are thin: load, ask the
// core, write in one transaction, queue what follows.
//
// It imports no connector. What a job needs of the outside it states as small
// interfaces beside it; cmd/profilesync supplies them.
package jobs
