package main

// What differs from one release to the next. A release is made by changing a line here and committing it.
const (
	version = "v1"

	// greetingFile holds the greeting, relative to the working directory; empty means the built-in one.
	greetingFile = ""

	// timezone of the clock on /version, as named in the IANA database; empty means UTC.
	timezone = ""
)
