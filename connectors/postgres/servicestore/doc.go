// Package servicestore stores what concerns the e-Referral Service: the register
// of its services, its codes, the services that profiles show, and the runs that
// copy the register to the profiles. A Session is a runstore.Session that knows
// services.
//
// # What fences each write
//
//	write                            fence
//	run of services: answers stored  pulled_to, moved with them
//	e-RS: register, codes            rows hold the wanted values; a row that already has them is not written
package servicestore
