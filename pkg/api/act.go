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
		err := c.Streams.Kick(in.stream())
		if errors.Is(err, stream.ErrNoStream) {
			err = huma.Error404NotFound("nobody publishes " + in.stream().String())
		}
		return nil, err
	})

	end := operation("end-stream", http.MethodDelete, "/streams/{app}/{name}", "End a stream, and send away all who publish it", http.StatusNotFound)
	end.Description = "Its last segments can still be watched for stream.keep."
	huma.Register(h, end, func(_ context.Context, in *target) (*struct{}, error) {
		err := c.Streams.End(in.stream())
		if errors.Is(err, stream.ErrNoStream) {
			err = errNoStream(*in)
		}
		return nil, err
	})

	mint := operation("mint-token", http.MethodPost, "/tokens", "Make a token to watch with",
		http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	mint.DefaultStatus = http.StatusCreated
	huma.Register(h, mint, c.mint)

	reload := operation("reload", http.MethodPost, "/reload", "Read the settings anew", http.StatusConflict)
	reload.Description = "What can change while streams are on air does. If anything is wrong with them all stay as they are."
	huma.Register(h, reload, c.reload)
}

func (c Config) mint(_ context.Context, in *tokenInput) (*tokenOutput, error) {
	expires := c.Now().Add(time.Duration(in.Body.Lifetime) * time.Second).UTC().Truncate(time.Second)
	token, err := c.Mint(in.Body.Scope, expires)
	switch {
	case errors.Is(err, ErrNoSecret):
		return nil, huma.Error409Conflict(err.Error())
	case err != nil:
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	var out tokenOutput
	out.Body.Token, out.Body.Expires, out.Body.Prefix = token, expires, "/t/"+token
	return &out, nil
}

type reloadOutput struct{ Body Reloaded }

func (c Config) reload(ctx context.Context, _ *struct{}) (*reloadOutput, error) {
	done, err := c.Reload(ctx)
	if err != nil {
		return nil, huma.Error409Conflict(err.Error())
	}
	return &reloadOutput{done}, nil
}
