// Package pagetest checks pages of the console in tests: against golden files, and in a
// browser as people see them. It is linked into tests only.
package pagetest
