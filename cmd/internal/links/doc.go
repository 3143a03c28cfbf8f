// Package links decides who may read a page: whoever has a signed link to it, until
// the link expires, and whoever sends a token. Keys and tokens are read at each
// request, and two of each are accepted, so that they can be replaced while in use.
package links
