// Package local is the private database: a Postgres cluster in one folder, run from
// the machine's own binaries, reachable only through a unix socket in a folder of mode
// 0700, and shared by every program that opens the folder.
//
// Three flock files in the folder decide which process may do what. The kernel frees
// them when their holders die, kill -9 included, so none of them can be stale:
//
//	users.lock       shared: one holder per open Cluster
//	                 exclusive: the supervisor, from "nobody is left" until Postgres has stopped
//	supervisor.lock  exclusive: taken by the program that starts a supervisor (so one is
//	                 elected) and handed to it as an open file
//	postgres.lock    exclusive: inherited by Postgres and all its processes, so that
//	                 free means "none of them is left", whatever postmaster.pid says
//
// A program takes its share of users.lock first. From then on no supervisor can
// begin to stop, and one that was already stopping has finished; so the program now
// finds either a supervisor that stays, or a free supervisor.lock; then it starts
// one.
//
// The supervisor is this very executable, started again with an environment variable,
// an argument and the locked file that SuperviseIfAsked looks for. It must outlive the
// program that started it, because others may have joined since. Its environment, and
// so that of Postgres, holds only the variables of passedOn.
//
// Whoever can change the folder could lead what is done in it astray, and root works
// in the folders of others. So folder.go opens a folder once, checks who can change
// it, and works relative to it; files that others may have planted are refused.
package local
