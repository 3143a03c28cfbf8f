// Package httpx is the one HTTP client of all connectors: timeouts for every
// phase, a size limit, a rate limit, retries with jitter, a breaker, TLS 1.2 or
// better, and no redirect to another host.
//
// Its errors may be logged and stored: they never hold a body, a header of ours
// or a secret from a query. It does not log.
//
//	Do ─▶ rate limit ─▶ breaker ─▶ one attempt ─▶ 2xx/304/passed: response
//	 ▲                                          └▶ StatusError / network error
//	 └──── wait: jittered backoff or Retry-After ◀── retryable
package httpx
