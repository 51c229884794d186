// Package aws stands for the SDK of AWS: nothing in the sandbox is stored there.
package aws

import (
	"context"
	"errors"
)

var ErrAbsent = errors.New("caches on S3 are left out of the sandbox")

type Config struct{ Credentials CredentialsProvider }

type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

type CredentialsProvider interface {
	Retrieve(context.Context) (Credentials, error)
}

func String(text string) *string { return &text }
