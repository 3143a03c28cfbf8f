// Package register makes up a register of health-service organisations with the
// proportions, the dirt and the monthly churn of the real one
// (connectors/ods/CONTRACT.md "Measured figures"), for the simulators of outside
// systems. It knows no protocol: the simulator that serves an organisation decides
// how it is encoded.
//
// An organisation is a pure function of the seed and its code, and is made on
// demand. Memory holds only codes, and organisations that have changed, so that a
// register of 300,000 takes tens of megabytes and streaming it takes no more.
// Names, people and phone numbers are made up; places and the codes of integrated
// care boards are public geography.
//
//	seed + code ──▶ derive ──▶ Organisation ◀── changed (Churn, Recode, Update)
//	                               │
//	        All / Get ──▶ WriteCSV (Legacy, DSE), simulators
package register
