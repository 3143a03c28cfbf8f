// Package web serves the pages of the console: each route shows a page and may have
// deeds, which are what its forms do.
//
//	desk.go     what all rooms of the console work with, and the navigation
//	route.go    a page and its deeds
//	once.go     a deed is done once, however often its form is sent
//	errors.go   errors as pages, in words
//
// A form is sent to the address of the page that it stands on. If its deed is refused, the
// page is shown again with what is wrong, and with everything that was typed; if it is done,
// the browser is sent on, so that reloading repeats nothing.
package web
