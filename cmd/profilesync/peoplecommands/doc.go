// Package peoplecommands holds the commands about people: their accounts, the
// reminders and letters they get. Package commands says how a command is built.
package peoplecommands
