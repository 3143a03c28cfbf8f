// Package commands is what people ask for on the command line: a file a command,
// each a struct whose fields are the arguments and whose Run does the work.
//
//	arguments ─▶ Run(ctx, App, Printer) ─▶ tables or JSON on standard output
//	                      │
//	                      └▶ an error; ExitError gives the program's exit code
//
// arguments.go, output.go, progress.go, scope.go and exit.go are what they share.
package commands
