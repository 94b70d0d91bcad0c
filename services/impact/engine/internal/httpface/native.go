package httpface

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// reencode rewrites Native blocks as libchdb gives them (revision 0) for a
// client of the given revision: libchdb has no client_protocol_version, and a
// client that sent one expects block info before each block and, from 54454, a
// byte before each column that says whether its serialization is custom.
func reencode(native []byte, revision uint64) ([]byte, error) {
	if revision == 0 {
		return bytes.Clone(native), nil
	}
	reader := chproto.NewReader(bytes.NewReader(native))
	var out chproto.Buffer
	out.Buf = make([]byte, 0, len(native)+256)
	for {
		block := proto.Block{ServerContext: &column.ServerContext{}}
		switch err := block.Decode(reader, 0); {
		case errors.Is(err, io.EOF) && block.Columns == nil:
			return out.Buf, nil
		case err != nil:
			return nil, fmt.Errorf("native block: %w", err)
		}
		if err := encodeBlock(&block, &out, revision); err != nil {
			return nil, fmt.Errorf("native block: %w", err)
		}
	}
}

func encodeBlock(block *proto.Block, out *chproto.Buffer, revision uint64) error {
	if block.Rows() > 0 {
		return block.Encode(out, revision)
	}
	// An empty block carries names and types only: Block.Encode would add
	// state prefixes that Block.Decode does not read.
	if err := block.EncodeHeader(out, revision); err != nil {
		return err
	}
	for i, c := range block.Columns {
		out.PutString(block.ColumnsNames()[i])
		out.PutString(string(c.Type()))
		if revision >= proto.DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION {
			out.PutBool(false)
		}
	}
	return nil
}
