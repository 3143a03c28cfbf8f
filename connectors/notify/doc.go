// Package notify sends letters through GOV.UK Notify, looks them up, and takes
// its delivery receipts (CONTRACT.md "What it is").
//
// Notify cannot tell a repeat from a new message. So a call of Send makes one
// request, whatever happens, and its error says whether the letter may have been
// accepted:
//
//	Send ─▶ turn (pace) ─▶ token ─▶ one POST ─┬─▶ 201                    Acceptance
//	                                          ├─▶ 400 about the address  nobody
//	                                          ├─▶ other 400, 401, 403    alert
//	                                          ├─▶ 429                    retry or pause
//	                                          └─▶ 5xx, nothing, nonsense unclear ─▶ Find before anything else
//
// A token is valid for 30 seconds. Each request gets a new one, and no request is
// repeated here, not even one that only reads.
//
// No error holds an address, a name, the key, a token, or text from an answer:
// Notify's messages quote what they refuse.
package notify
