// Package ers reads the e-Referral Service: services by their ids (A033, A035, A037),
// code systems (A004), and the monthly EBSX05 extract, which lists the ids.
//
//	EBSX05 file ─▶ OpenExtract ─▶ Extract.Rows ─▶ ids per site
//	ids ─▶ Batches ─▶ API.Batch ─▶ Found: services, absent, not visible, refused
//
// There is no call that lists the services of a site, so nothing here is a listing: a
// service that was not found is only absent from one answer. Every requested id is
// returned in exactly one list of Found, unless the call fails.
//
// Access is application-restricted: the organisation is an attribute of the
// registered application, so there is one Credential for each organisation and never
// a header that names one.
//
// CONTRACT.md "What it is" and the sections after it say what is known about e-RS.
package ers
