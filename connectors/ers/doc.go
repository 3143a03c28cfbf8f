// Package ers reads the e-Referral Service: services by their ids (A033, A035,
// A037), code systems (A004), and the monthly EBSX05 extract that says which
// ids there are.
//
//	EBSX05 file ─▶ OpenExtract ─▶ Extract.Rows ─▶ ids per site
//	ids ─▶ Batches ─▶ API.Batch ─▶ Found: services, absent, not visible, refused
//
// There is no call that lists the services of a site, so nothing here is a
// listing: a service that was not found is absent from one answer, and the
// package never says more. Every id that is asked for comes back in exactly one
// list of Found, or the call is an error.
//
// Access is application-restricted: the organisation is an attribute of the
// registered application, so there is one Credential an organisation and never
// a header that names one.
//
// What is known of e-RS: CONTRACT.md "What it is" and what follows there.
package ers
