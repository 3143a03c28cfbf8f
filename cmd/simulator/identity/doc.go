// Package identity is an OpenID provider with a few made-up people: where the people
// of a demonstration or a test sign in to the console. It follows OpenID Connect Core
// 1.0 (code flow), Discovery 1.0, RP-Initiated Logout 1.0, RFC 6749 and, without
// which it gives no code, RFC 7636 (PKCE, S256).
//
//	browser ─▶ /authorize ─▶ name and password ─▶ code ─▶ console
//	console ─▶ /token ─────▶ the code, once ────▶ ID token, signed (RS256)
package identity
