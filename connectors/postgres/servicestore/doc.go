// Package servicestore is the room of the store for the e-Referral Service: the
// register of its services, its codes, what profiles show of it, and the runs that
// bring one to the other. A Session is a runstore.Session that knows services.
//
// # What fences each write
//
//	write                            fence
//	run of services: answers kept    pulled_to, moved with them
//	e-RS: register, codes            rows say what they are to be; those that say so already are not written
package servicestore
