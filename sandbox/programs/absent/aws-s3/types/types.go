package types

type NotFound struct{}

func (*NotFound) Error() string { return "NotFound" }

type NoSuchKey struct{}

func (*NoSuchKey) Error() string { return "NoSuchKey" }

type CompletedPart struct {
	ETag       *string
	PartNumber *int32
}

type CompletedMultipartUpload struct{ Parts []CompletedPart }
