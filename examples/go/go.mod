module consumer

go 1.19

require (
	github.com/twmb/franz-go v1.15.4
	google.golang.org/protobuf v1.31.0
)

require (
	github.com/klauspost/compress v1.16.7 // indirect
	github.com/pierrec/lz4/v4 v4.1.19 // indirect
	github.com/twmb/franz-go/pkg/kmsg v1.7.0 // indirect
)
