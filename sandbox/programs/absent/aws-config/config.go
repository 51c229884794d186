package config

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func LoadDefaultConfig(context.Context, ...any) (aws.Config, error) {
	return aws.Config{}, aws.ErrAbsent
}

func WithRegion(string) any { return nil }
