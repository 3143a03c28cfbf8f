// Package qualitystore stores quality checks and what they found, and reads the records of
// registers that a person should look at.
//
// # What fences each write
//
//	write                                  fence
//	quality check: ended, findings stored  one transaction, while the check is running: one that fails stores nothing and
//	                                       marks nothing as gone. What a newer check said of a finding stays. A job
//	                                       that fails starts a new check
package qualitystore
