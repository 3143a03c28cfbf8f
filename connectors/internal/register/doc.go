// Package register makes up a register of health-service organisations with
// the proportions, the dirt and the monthly churn of the real one
// (connectors/ods/CONTRACT.md "Measured figures"), for the simulators of outside
// systems. It knows no protocol: what an organisation looks like on the wire
// is the business of the simulator that serves it.
//
// An organisation is a pure function of the seed and its code, made when it is
// asked for; only codes, and organisations that something happened to, are
// held. A register of 300,000 therefore costs tens of megabytes and streams
// out with flat memory. Names, people and phone numbers are made up; places
// and the codes of integrated care boards are public geography.
//
//	seed + code ──▶ derive ──▶ Organisation ◀── changed (Churn, Recode, Update)
//	                               │
//	        All / Get ──▶ WriteCSV (Legacy, DSE), simulators
package register
