// Package apim signs this service in at the API platform of the NHS: OAuth2 with a
// signed JWT, application-restricted (CONTRACT.md "What it is"). Every API of the
// platform accepts the same tokens; a Tokens belongs to one registered
// application.
//
// Its errors may be logged and stored: they never hold the assertion, a token, a
// part of the key or the platform's text. It does not log.
package apim
