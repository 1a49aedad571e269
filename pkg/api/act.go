package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/pkg/stream"
)

type tokenInput struct {
	Body struct {
		Scope    string `json:"scope" doc:"streams that it is good for: one, all of an application, or all" example:"live/show" minLength:"1" maxLength:"511" pattern:"^(\\*|[^/*]+/([^/*]+|\\*))$"`
		Lifetime int    `json:"lifetime,omitempty" doc:"seconds until it expires" minimum:"1" maximum:"31536000" default:"43200" nullable:"true"`
	}
}

type tokenOutput struct {
	Body struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires"`
		Prefix  string    `json:"prefix" doc:"goes in front of the path of what is watched" example:"/t/TOKEN"`
	}
}

// act adds what changes something.
func (c Config) act(h huma.API) {
	kick := operation("kick-publisher", http.MethodDelete, "/streams/{app}/{name}/publisher", "Send away who publishes a stream", http.StatusNotFound)
	kick.Description = "The stream goes on for stream.linger, or with the publisher that stands by. The encoder may come back."
	huma.Register(h, kick, func(_ context.Context, in *target) (*struct{}, error) {
		return nil, done(*in, c.Streams.Kick(in.stream()))
	})

	end := operation("end-stream", http.MethodDelete, "/streams/{app}/{name}", "End a stream, and send away all who publish it", http.StatusNotFound)
	end.Description = "Its last segments can still be watched for stream.keep."
	huma.Register(h, end, func(_ context.Context, in *target) (*struct{}, error) {
		return nil, done(*in, c.Streams.End(in.stream()))
	})

	mint := operation("mint-token", http.MethodPost, "/tokens", "Make a token to watch with",
		http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	mint.DefaultStatus = http.StatusCreated
	huma.Register(h, mint, c.mint)
}

// done returns the answer to what was done to a stream.
func done(in target, err error) error {
	if errors.Is(err, stream.ErrNoStream) {
		return errNoStream(in)
	}
	return err
}

func (c Config) mint(_ context.Context, in *tokenInput) (*tokenOutput, error) {
	if c.Mint == nil {
		return nil, huma.Error409Conflict("there is no secret to sign tokens with: see watch.secret_file")
	}
	expires := c.Now().Add(time.Duration(in.Body.Lifetime) * time.Second).UTC().Truncate(time.Second)
	token, err := c.Mint(in.Body.Scope, expires)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	var out tokenOutput
	out.Body.Token, out.Body.Expires, out.Body.Prefix = token, expires, "/t/"+token
	return &out, nil
}
