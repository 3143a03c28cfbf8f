// Package peoplestore stores what concerns people: accounts and their rights,
// letters and the outbox, idle accounts, and the calendar.
//
// # What fences each write
//
//	write                            fence
//	letter: due                      its reference is unique
//	letter: claimed                  the outbox's lock, on the connection that writes; a letter that was claimed and
//	                                 certainly not begun (untouched) is due again
//	letter: begun                    that claim (claimed_at), untouched. A process that got no answer that it had begun
//	                                 knows that the letter was not sent, and records that
//	letter: outcome                  that claim; the same statement counts a sent letter for the version of its text
//	letter: final status             it is accepted: the first report is final
//	account: ended                   its state, and last_active_at as when it was judged; letters by their references
//	account: reactivated, on leave   what is already so is not audited again
//	endings of accounts: withheld    the newest replaces those that wait; approved only while it waits
//	membership ended, account kept   ended_at is empty; the primary key
//	calendar                         the primary key, the day; one that vanished keeps the time it vanished (vanished_at)
//	mail: stopped, resumed           none: it sets the wanted state, so saying it again has the same effect
package peoplestore
