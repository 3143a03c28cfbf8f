// Package settings reads the settings from the environment: each has a default,
// comes from NAME or from the file named by NAME_FILE, and is checked before
// anything is done. A Secret never prints its value.
package settings
