// Package login lets people sign in with the organisation's identity provider (OpenID
// Connect, code flow with PKCE), and keeps their sessions in the database, which all daemons
// share.
//
//	login.go     sessions, and who has one
//	provider.go  the identity provider, asked when somebody first signs in
//	flow.go      GET /sign-in, GET /sign-in/callback, POST /sign-out, GET /signed-out
//	claims.go    what an identity means here: a pseudonym and groups
//	pages.go     what people read where it does not work
//
// A session exists only once somebody has signed in. Until then, state, nonce and PKCE
// verifier are in a cookie of ten minutes, so that nobody fills the database by asking for
// the sign-in page. Names and addresses of people are neither asked for nor kept.
package login
