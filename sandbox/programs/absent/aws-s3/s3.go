package s3

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type Client struct{}

type Options struct {
	Credentials  aws.CredentialsProvider
	UsePathStyle bool
	BaseEndpoint *string
}

func NewFromConfig(aws.Config, ...func(*Options)) *Client { return nil }

type PutObjectInput struct {
	Bucket, Key *string
	Body        io.Reader
}

type GetObjectInput struct {
	Bucket, Key, Range *string
}

type GetObjectOutput struct {
	Body io.ReadCloser
}

func (*Client) GetObject(context.Context, *GetObjectInput) (*GetObjectOutput, error) {
	return nil, aws.ErrAbsent
}

type HeadObjectInput struct {
	Bucket, Key *string
}

type HeadObjectOutput struct {
	LastModified  *time.Time
	ContentLength *int64
}

func (*Client) HeadObject(context.Context, *HeadObjectInput) (*HeadObjectOutput, error) {
	return nil, aws.ErrAbsent
}

type CopyObjectInput struct {
	Bucket, CopySource, Key *string
	Metadata                map[string]string
	MetadataDirective       string
}

func (*Client) CopyObject(context.Context, *CopyObjectInput) (any, error) {
	return nil, aws.ErrAbsent
}

type CreateMultipartUploadInput struct {
	Bucket, Key *string
}

type CreateMultipartUploadOutput struct {
	UploadId *string
}

func (*Client) CreateMultipartUpload(context.Context, *CreateMultipartUploadInput) (*CreateMultipartUploadOutput, error) {
	return nil, aws.ErrAbsent
}

type AbortMultipartUploadInput struct {
	Bucket, Key, UploadId *string
}

func (*Client) AbortMultipartUpload(context.Context, *AbortMultipartUploadInput) (any, error) {
	return nil, aws.ErrAbsent
}

type UploadPartCopyInput struct {
	Bucket, CopySource, CopySourceRange, Key, UploadId *string
	PartNumber                                         *int32
}

type UploadPartCopyOutput struct {
	CopyPartResult struct{ ETag *string }
}

func (*Client) UploadPartCopy(context.Context, *UploadPartCopyInput) (*UploadPartCopyOutput, error) {
	return nil, aws.ErrAbsent
}

type CompleteMultipartUploadInput struct {
	Bucket, Key, UploadId *string
	MultipartUpload       *types.CompletedMultipartUpload
}

func (*Client) CompleteMultipartUpload(context.Context, *CompleteMultipartUploadInput) (any, error) {
	return nil, aws.ErrAbsent
}
