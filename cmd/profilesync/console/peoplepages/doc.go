// Package peoplepages are the pages of what is due for people: accounts that end, reminders,
// letters. People are ids here; their names are on the pages of their accounts.
//
//	routes.go      addresses, and what the forms do
//	inactive.go    what is due for inactive accounts, and approving ends
//	reminders.go   who would be reminded of which confirmations
//	letters.go     letters
package peoplepages
