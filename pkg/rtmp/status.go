package rtmp

import "sluice/pkg/amf"

// The levels and codes of status objects that the server sends (RTMP 7.2.1.1
// and 7.2.2.6, and what Adobe's servers send).
const (
	levelStatus  = "status"
	levelWarning = "warning"
	levelError   = "error"

	codeConnected        = "NetConnection.Connect.Success"
	codeReconnect        = "NetConnection.Connect.ReconnectRequest"
	codeConnectRejected  = "NetConnection.Connect.Rejected"
	codeCallFailed       = "NetConnection.Call.Failed"
	codePublishStart     = "NetStream.Publish.Start"
	codePublishFailed    = "NetStream.Publish.Failed"
	codeBadName          = "NetStream.Publish.BadName"
	codeUnauthorized     = "NetStream.Publish.Unauthorized"
	codeUnsupportedCodec = "NetStream.Publish.UnsupportedCodec"
	codeUnpublished      = "NetStream.Unpublish.Success"
	codePlayFailed       = "NetStream.Play.Failed"
)

func object(fields ...amf.Field) *amf.Object { return &amf.Object{Fields: fields} }

func field(name string, value any) amf.Field { return amf.Field{Name: name, Value: value} }

func status(level, code, description string) *amf.Object {
	return object(field("level", level), field("code", code), field("description", clip(description)))
}

// command adds a command message. All its values are our own, and have an
// AMF0 form.
func (w *chunkWriter) command(chunk byte, stream uint32, values ...any) {
	body, err := amf.Append(nil, values...)
	if err != nil {
		w.err = err
		return
	}
	w.message(chunk, message{kind: kindCommandAMF0, stream: stream, body: body})
}

// result answers a call. A call without a transaction, ID 0, wants no answer.
func (w *chunkWriter) result(transaction float64, values ...any) {
	if transaction != 0 {
		w.command(chunkCommand, 0, append([]any{"_result", transaction}, values...)...)
	}
}

// callError answers a call that cannot be fulfilled.
func (w *chunkWriter) callError(transaction float64, code, description string) {
	if transaction != 0 {
		w.command(chunkCommand, 0, "_error", transaction, nil, status(levelError, code, description))
	}
}

// onStatus tells a message stream how it fares.
func (w *chunkWriter) onStatus(stream uint32, info *amf.Object) {
	w.command(chunkStatus, stream, "onStatus", 0.0, nil, info)
}

// clip bounds a text that may hold what a peer sent.
func clip(s string) string {
	const limit = 256
	if len(s) > limit {
		return s[:limit] + "..."
	}
	return s
}
