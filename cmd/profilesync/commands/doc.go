// Package commands holds the commands of the command line, one per file: each
// is a struct whose fields are the arguments and whose Run does the work.
//
//	arguments ─▶ Run(ctx, App, Printer) ─▶ tables or JSON on standard output
//	                      │
//	                      └▶ an error; ExitError gives the program's exit code
//
// arguments.go, output.go, scope.go and exit.go are what they share.
// The commands about sinks are in package pushcommands, those about people in
// peoplecommands, those about e-RS in erscommands, and those about what is wrong with data that we only read in
// qualitycommands.
package commands
