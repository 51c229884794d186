package main

// What differs between releases. To release a new version, change a line here and commit it.
const (
	version = "v1"

	// greetingFile is the path of the greeting, relative to the working directory; empty means the built-in one.
	greetingFile = ""

	// timezone of the clock on /version, as named in the IANA database; empty means UTC.
	timezone = ""
)
