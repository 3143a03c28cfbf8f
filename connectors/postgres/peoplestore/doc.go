// Package peoplestore is the room of the store for people: accounts and what they
// may do, letters and the outbox, idle accounts, and the calendar.
//
// # What fences each write
//
//	write                            fence
//	letter: due                      its reference, once and for all
//	letter: claimed                  the outbox's lock, on the connection that writes; what was claimed and surely not
//	                                 begun (untouched) is due again
//	letter: begun                    that claim (claimed_at), untouched. Who never heard that it had begun knows that it
//	                                 was not sent, and says so
//	letter: what became of it        that claim; what goes out is counted to its text in the same statement
//	letter: its fate                 it is accepted: the first word stands
//	account: ended                   its state, and last_active_at as it was judged; letters by their references
//	account: reactivated, on leave   what is so already is audited no second time
//	look at accounts: waits          the newest takes the place of those that wait; approved while it waits
//	membership, account kept         ended_at is empty; the primary key
//	calendar                         the primary key, the day; one that vanished keeps since when (vanished_at)
//	mail: stopped, resumed           none: it says what is to be, and whoever says so again wants it so
package peoplestore
