package manager

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type Uploader struct{}

func NewUploader(*s3.Client) *Uploader { return nil }

func (*Uploader) Upload(context.Context, *s3.PutObjectInput) (any, error) { return nil, aws.ErrAbsent }
